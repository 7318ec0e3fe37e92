package pkcs11

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStructuresHaveThePlatformsLayout(t *testing.T) {
	const address = 0x1122334455667788
	for name, want := range map[string]struct {
		layout                                layout
		attribute, mechanism, args, ulongs    string
		attributeSize, functions, secondEntry int
	}{
		"Linux and macOS": {
			layout:        unixLayout,
			attribute:     "0201000000000000" + "8877665544332211" + "0500000000000000",
			mechanism:     "4110000000000000" + "0000000000000000" + "0000000000000000",
			args:          strings.Repeat("0000000000000000", 4) + "0200000000000000" + "0000000000000000",
			ulongs:        "0100000000000000" + "0200000000000000",
			attributeSize: 24, functions: 8 + 60*8, secondEntry: 16,
		},
		"Windows": {
			layout:        windowsLayout,
			attribute:     "02010000" + "8877665544332211" + "05000000",
			mechanism:     "41100000" + "0000000000000000" + "00000000",
			args:          strings.Repeat("0000000000000000", 4) + "02000000" + "0000000000000000",
			ulongs:        "01000000" + "02000000",
			attributeSize: 16, functions: 2 + 60*8, secondEntry: 10,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := want.layout
			one := attribute{kind: attrID, address: address, length: 5}
			require.Equal(t, want.attribute, hex.EncodeToString(l.attributes(one)))
			require.Equal(t, want.attribute+want.attribute, hex.EncodeToString(l.attributes(one, one)))
			require.Equal(t, want.attributeSize, l.attributeSize())
			require.Equal(t, uint(5), l.attributeLength(l.attributes(attribute{}, one), 1))
			require.Equal(t, want.mechanism, hex.EncodeToString(l.mechanism(mechECDSA)))
			require.Equal(t, want.args, hex.EncodeToString(l.initializeArgs(flagOSLocking)))
			require.Equal(t, want.ulongs, hex.EncodeToString(l.ulongs(1, 2)))
			require.Equal(t, want.functions, l.functionListSize())
			list := make([]byte, want.functions)
			list[0], list[1], list[want.secondEntry] = 2, 40, 0x77
			require.Equal(t, uintptr(0x77), l.functionList(list)[1])
			require.Len(t, l.functionList(list), functions)
			require.Equal(t, unavailable, l.uint([]byte{255, 255, 255, 255, 255, 255, 255, 255}[:l.ulong]))
		})
	}
}

func TestTokenInfoIsReadOnEachPlatform(t *testing.T) {
	pad := func(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }
	names := pad("示范锁", 32) + pad("Maker", 32) + pad("Model", 16) + "0123456789abcdef"
	for name, tail := range map[string]struct {
		layout layout
		flags  string
	}{
		"Linux and macOS": {unixLayout, "\x00\x04\x02\x00\x00\x00\x00\x00"},
		"Windows":         {windowsLayout, "\x00\x04\x02\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			token := tail.layout.tokenInfo([]byte(names + tail.flags + strings.Repeat("\xff", 112)))
			require.Equal(t, Token{
				Label: "示范锁", Manufacturer: "Maker", Model: "Model", Serial: "0123456789abcdef", Flags: flagTokenInitialized | flagPINFinalTry,
			}, token)
			require.True(t, token.FinalTry())
			require.False(t, token.Locked())
		})
	}
}

func TestECDSASignaturesBecomeDER(t *testing.T) {
	raw := append(append([]byte{0x80}, make([]byte, 31)...), append(make([]byte, 31), 7)...)
	der, err := derSignature(raw)
	require.NoError(t, err)
	require.Equal(t, "30260221"+"0080"+strings.Repeat("00", 31)+"020107", hex.EncodeToString(der))
	for _, wrong := range [][]byte{nil, {1}} {
		_, err := derSignature(wrong)
		require.Error(t, err)
	}
}
