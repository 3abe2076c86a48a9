type Later = (action: () => void) => void;

/**
 * Calls back after what else waits in the event loop, so that whoever asks again and again does not starve the rest. Browsers have no
 * setImmediate, and their timers wait 4 ms where one follows the other: a message does not.
 */
export const yieldTurn: Later = (globalThis as { setImmediate?: Later }).setImmediate ?? byMessage();

function byMessage(): Later {
  const { port1, port2 } = new MessageChannel();
  const actions: (() => void)[] = [];
  port2.addEventListener("message", () => actions.shift()?.());
  port2.start();
  return (action) => {
    actions.push(action);
    port1.postMessage(undefined);
  };
}
