// Command stack starts everything the registration system stands on — PostgreSQL, Temporal with its web
// interface, and an S3 object store — on one machine, without containers.
//
// "stack up" keeps the servers until it is told to stop; "stack run" keeps them for the length of one command,
// which finds them through its environment (see env.go). Each server is a child process of this one: Temporal and
// the object store are this same binary started again with a hidden command, PostgreSQL comes from an npm package
// that carries the server's own programs. Nothing listens beyond 127.0.0.1.
//
// The room is a Go module of its own so that the servers' many dependencies never decide the product's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line. The hidden commands are how the stack starts itself again as a child.
type cli struct {
	Up  upCommand  `cmd:"" help:"Start the stack and keep it until interrupted."`
	Run runCommand `cmd:"" help:"Start the stack, run a command in its environment, stop the stack."`

	Temporal temporalCommand `cmd:"" hidden:""`
	S3       s3Command       `cmd:"" name:"s3" hidden:""`
}

// options says where a stack keeps its data and which ports it takes; both commands share them.
type options struct {
	Data           string `help:"Directory that holds all data, logs and secrets of this stack." type:"path" placeholder:"DIR"`
	Bin            string `help:"Directory with initdb and postgres (default: the npm package in node_modules)." type:"path" env:"UNIREG_POSTGRES_BIN" placeholder:"DIR"`
	PostgresPort   int    `help:"PostgreSQL port; 0 takes a free one." placeholder:"PORT"`
	TemporalPort   int    `help:"Temporal port; 0 takes a free one." placeholder:"PORT"`
	TemporalUIPort int    `help:"Port of Temporal's web interface; 0 takes a free one." name:"temporal-ui-port" placeholder:"PORT"`
	S3Port         int    `help:"Object store port; 0 takes a free one." name:"s3-port" placeholder:"PORT"`
	ObjectStore    string `help:"Object store to run: ${enum}." name:"objectstore" enum:"versitygw,minio" default:"versitygw"`
	MinioBin       string `help:"The minio program, for --objectstore=minio." type:"path" placeholder:"PATH"`
	WithParent     bool   `help:"Stop when standard input ends, so that a parent that dies takes the stack along."`
}

// exitCode is an error that only carries a process exit code: whatever there was to say has been said.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func main() {
	var c cli
	parsed := kong.Parse(&c, kong.Name("stack"), kong.UsageOnError(),
		kong.Description("The development stack: PostgreSQL, Temporal and S3 on 127.0.0.1, without containers."))
	err := parsed.Run()
	if err == nil {
		return
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		os.Exit(int(code))
	}
	fmt.Fprintln(os.Stderr, "stack:", err)
	os.Exit(1)
}

// stopRequests returns a context that ends with the first SIGINT or SIGTERM — or, if withParent, with the end of
// standard input, which counts as a SIGTERM — and a channel of all of them.
func stopRequests(withParent bool) (context.Context, <-chan syscall.Signal) {
	ctx, cancel := context.WithCancelCause(context.Background())
	arrivals, requests := make(chan os.Signal, 8), make(chan syscall.Signal, 8)
	signal.Notify(arrivals, os.Interrupt, syscall.SIGTERM)
	if withParent {
		go func() {
			drain(os.Stdin)
			arrivals <- syscall.SIGTERM
		}()
	}
	go func() {
		for arrival := range arrivals {
			cancel(fmt.Errorf("stopped by %s", arrival))
			if request, ok := arrival.(syscall.Signal); ok {
				requests <- request
			}
		}
	}()
	return ctx, requests
}
