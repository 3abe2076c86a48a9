export interface EngineLink {
  detach(): Promise<void>;
}
