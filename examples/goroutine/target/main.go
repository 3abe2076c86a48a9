// A program to watch: goroutines that sleep, work, block on a channel, and call the system. It says which id each has.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// begin says what this goroutine does. The runtime tells its id only in a stack trace: "goroutine 18 [running]:".
func begin(what string) {
	trace := make([]byte, 64)
	trace = trace[:runtime.Stack(trace, false)]
	fmt.Printf("goroutine %s %s\n", strings.Fields(string(trace))[1], what)
}

func sleeps(end time.Time) {
	begin("sleeps")
	for time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
}

func works(end time.Time) {
	begin("works")
	for time.Now().Before(end) {
		for sum, i := 0, 0; i < 5_000_000; i++ {
			sum += i
		}
		runtime.Gosched()
		time.Sleep(10 * time.Millisecond)
	}
}

func blocks(turns <-chan int) {
	begin("blocks on a channel")
	for range turns {
	}
}

func sends(turns chan<- int, end time.Time) {
	begin("sends to the channel")
	for turn := 0; time.Now().Before(end); turn++ {
		turns <- turn
		time.Sleep(25 * time.Millisecond)
	}
	close(turns)
}

func calls(end time.Time) {
	begin("calls the system")
	for time.Now().Before(end) {
		pause := syscall.Timespec{Nsec: 5_000_000}
		syscall.Nanosleep(&pause, nil)
		time.Sleep(15 * time.Millisecond)
	}
}

func main() {
	// Waits until it is watched.
	line := make([]byte, 1)
	if count, _ := os.Stdin.Read(line); count == 0 {
		return
	}
	length, err := time.ParseDuration(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	end := time.Now().Add(length)
	turns := make(chan int)
	var all sync.WaitGroup
	start := func(body func()) {
		all.Add(1)
		go func() {
			defer all.Done()
			body()
		}()
	}
	start(func() { sleeps(end) })
	start(func() { works(end) })
	start(func() { blocks(turns) })
	start(func() { sends(turns, end) })
	start(func() { calls(end) })
	all.Wait()
}
