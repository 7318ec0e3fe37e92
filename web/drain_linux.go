package web

import (
	"net"

	"golang.org/x/sys/unix"
)

// refuseNewcomers has the system drop the first packet of new connections to the
// listener, and only that: handshakes that were begun are finished. Whoever is
// dropped tries again and finds the next portal, or is refused when the listener
// is closed; the connections that wait to be taken are cut off by no one. Where
// the system does not allow it, a connection that is made in the last instant is
// reset.
func refuseNewcomers(listener *net.TCPListener) {
	// The filter sees the TCP header: byte 13 holds the flags, of which 2 is SYN.
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 2, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	raw, err := listener.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
}
