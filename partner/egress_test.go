package partner

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestW35_Addresses(t *testing.T) {
	public, private := &guard{}, &guard{private: true}
	for address, want := range map[string][2]bool{ // without and with private
		"8.8.8.8": {true, true}, "2606:4700::1111": {true, true}, "::ffff:8.8.8.8": {true, true},
		"127.0.0.1": {false, true}, "127.9.9.9": {false, true}, "::1": {false, true}, "10.1.2.3": {false, true}, "172.16.0.1": {false, true},
		"192.168.1.1": {false, true}, "fd00::1": {false, true}, "::ffff:10.0.0.1": {false, true},
		"169.254.169.254": {false, false}, "fe80::1": {false, false}, "fe80::1%eth0": {false, false}, "0.0.0.0": {false, false}, "::": {false, false},
		"224.0.0.1": {false, false}, "ff02::1": {false, false}, "100.64.0.1": {false, false}, "198.18.0.1": {false, false}, "255.255.255.255": {false, false},
		"240.0.0.1": {false, false}, "64:ff9b::a00:1": {false, false}, "2002:a00:1::": {false, false}, "::ffff:169.254.169.254": {false, false},
		"::127.0.0.1": {false, false}, "192.0.2.1": {false, false}, "2001:db8::1": {false, false},
	} {
		at := netip.MustParseAddr(address)
		require.Equal(t, want, [2]bool{public.allows(at), private.allows(at)}, address)
	}
	require.Len(t, reserved, 18, "every network is spelled right")
	require.Error(t, public.control(t.Context(), "udp4", "8.8.8.8:53", nil))
	require.Error(t, public.control(t.Context(), "tcp4", "nonsense", nil))
	require.NoError(t, public.control(t.Context(), "tcp4", "8.8.8.8:443", nil))
}
