package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// ports are the ports of one stack, all on 127.0.0.1. They stay the same while the stack lives, also across a stop
// and start of a component.
type ports struct {
	postgres, temporal, temporalUI, s3 int
}

// choosePorts takes the ports that the options name and free ones for the rest. Its error names every port that is
// taken, each with the flag that changes it.
func choosePorts(o options) (ports, error) {
	var chosen ports
	wishes := []struct {
		flag string
		want int
		got  *int
	}{
		{"--postgres-port", o.PostgresPort, &chosen.postgres},
		{"--temporal-port", o.TemporalPort, &chosen.temporal},
		{"--temporal-ui-port", o.TemporalUIPort, &chosen.temporalUI},
		{"--s3-port", o.S3Port, &chosen.s3},
	}
	flags := map[int]string{}
	var problems []error
	for _, wish := range wishes {
		if wish.want == 0 {
			continue
		}
		*wish.got = wish.want
		switch other, twice := flags[wish.want]; {
		case twice:
			problems = append(problems, fmt.Errorf("port %d is named by both %s and %s", wish.want, other, wish.flag))
		case errors.Is(listenOnce(wish.want), syscall.EADDRINUSE):
			problems = append(problems, fmt.Errorf("port %d is taken: choose another with %s", wish.want, wish.flag))
		case listenOnce(wish.want) != nil:
			problems = append(problems, fmt.Errorf("port %d cannot be used, choose another with %s: %w", wish.want, wish.flag, listenOnce(wish.want)))
		}
		flags[wish.want] = wish.flag
	}
	if len(problems) > 0 {
		return ports{}, errors.Join(problems...)
	}
	for _, wish := range wishes {
		if wish.want != 0 {
			continue
		}
		port, err := freePort(func(port int) bool { return flags[port] != "" })
		if err != nil {
			return ports{}, err
		}
		*wish.got = port
		flags[port] = wish.flag
	}
	return chosen, nil
}

// Free ports are taken below the range from which systems number outgoing connections (32768 on Linux, 49152
// elsewhere). A port inside it could be lent to somebody's client while its component is stopped for a fault test,
// and a client that dials it again and again could even be connected to itself.
const firstFreePort, lastFreePort = 20000, 32000

// freePort returns a port that nobody listens on and that is not reserved.
func freePort(reserved func(int) bool) (int, error) {
	for range 1000 {
		port := firstFreePort + rand.IntN(lastFreePort-firstFreePort) //nolint:gosec // no secret
		if !reserved(port) && listenOnce(port) == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstFreePort, lastFreePort)
}

// listenOnce tries a port; nil means that it is free.
func listenOnce(port int) error {
	listener, err := net.Listen("tcp", localAddress(port))
	if err != nil {
		return err
	}
	return listener.Close()
}

// localAddress is where everything listens: this machine alone.
func localAddress(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
