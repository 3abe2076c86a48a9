// SPDX-License-Identifier: MIT

// The consumer of a pinned ring with github.com/cilium/ebpf: its ringbuf.Reader, which sleeps in an epoll of its own.
//
//	cilium RING SECONDS WARMUP     says {"records","seconds","rss"}
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

// Records between two looks at the clock; a batch of ours is some thousands.
const recordsPerLook = 1024

// Of every record, as the other peers do.
var sum uint64

// ReadInto is the package's fastest way: the record's memory is used again.
func run(reader *ringbuf.Reader, duration time.Duration) (records uint64, spent time.Duration, err error) {
	var record ringbuf.Record
	start := time.Now()
	for spent < duration {
		for i := 0; i < recordsPerLook; i++ {
			if err := reader.ReadInto(&record); err != nil {
				return 0, 0, err
			}
			sum += uint64(binary.LittleEndian.Uint32(record.RawSample[8:]))
		}
		records += recordsPerLook
		spent = time.Since(start)
	}
	return records, spent, nil
}

func seconds(text string) (time.Duration, error) {
	value, err := strconv.ParseFloat(text, 64)
	return time.Duration(value * float64(time.Second)), err
}

func measure(path, duration, warmUp string) error {
	measured, err := seconds(duration)
	if err != nil {
		return err
	}
	before, err := seconds(warmUp)
	if err != nil {
		return err
	}
	ring, err := ebpf.LoadPinnedMap(path, nil)
	if err != nil {
		return err
	}
	defer ring.Close()
	reader, err := ringbuf.NewReader(ring)
	if err != nil {
		return err
	}
	defer reader.Close()
	if _, _, err := run(reader, before); err != nil {
		return err
	}
	records, spent, err := run(reader, measured)
	if err == nil {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			return err
		}
		fmt.Printf("{\"records\":%d,\"seconds\":%.6f,\"rss\":%d,\"sum\":%d}\n", records, spent.Seconds(), usage.Maxrss, sum)
	}
	return err
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: cilium RING SECONDS WARMUP")
		os.Exit(2)
	}
	if err := measure(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot read ring %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
