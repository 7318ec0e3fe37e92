package clamd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/clamd"
	"unireg/clamd/daemon"
)

func TestU5AddressesAreReadStrictly(t *testing.T) {
	for address, ok := range map[string]bool{
		"unix:/run/clamav/clamd.ctl": true, "tcp:clamav:3310": true, "127.0.0.1:3310": true, "[::1]:3310": true,
		"": false, "unix:": false, "unix:clamd.ctl": false, "clamav": false, ":3310": false, "clamav:": false, "http://clamav:3310": false,
	} {
		_, err := clamd.New(address)
		require.Equal(t, ok, err == nil, "%q: %v", address, err)
	}
}

// start runs a real clamd that knows the test file.
func start(t *testing.T) (*daemon.Daemon, *clamd.Client) {
	t.Helper()
	var said bytes.Buffer
	d, err := daemon.Start(daemon.Options{Dir: t.TempDir(), TestOnly: true, Log: &said})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := d.Await(ctx); err != nil {
		_ = d.Stop()
		require.NoError(t, err, said.String())
	}
	c, err := clamd.New(d.Address)
	require.NoError(t, err)
	return d, c
}

func TestU5TheDaemonFindsTheTestFileAndNothingElse(t *testing.T) {
	d, c := start(t)
	ctx := t.Context()
	require.True(t, d.TestOnly)
	require.NoError(t, c.Ping(ctx))
	version, err := c.Version(ctx)
	require.NoError(t, err)
	require.Contains(t, version, "ClamAV")

	virus := clamd.TestVirus()
	require.Len(t, virus, 68)
	require.Equal(t, clamd.TestVirusHex, hex.EncodeToString(virus))
	padding := bytes.Repeat([]byte("% 扫描件\n"), 30_000)
	for name, test := range map[string]struct {
		content io.Reader
		found   string
	}{
		"nothing":            {strings.NewReader(""), ""},
		"a clean one":        {strings.NewReader("%PDF-1.7\n"), ""},
		"a clean one, large": {bytes.NewReader(bytes.Repeat(padding, 40)), ""},
		"the test file":      {bytes.NewReader(virus), "Eicar-Test-Signature.UNOFFICIAL"},
		"in the middle":      {io.MultiReader(bytes.NewReader(padding), bytes.NewReader(virus), bytes.NewReader(padding)), "Eicar-Test-Signature.UNOFFICIAL"},
		"byte by byte":       {iotest.OneByteReader(bytes.NewReader(virus)), "Eicar-Test-Signature.UNOFFICIAL"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := c.Scan(ctx, test.content)
			require.NoError(t, err)
			require.Equal(t, test.found, found)
		})
	}
	t.Run("a content that cannot be read is no verdict", func(t *testing.T) {
		for _, fault := range []error{errors.New("the object store is away"), io.ErrUnexpectedEOF} {
			_, err := c.Scan(ctx, io.MultiReader(bytes.NewReader(padding), iotest.ErrReader(fault)))
			require.ErrorIs(t, err, fault)
		}
	})
	t.Run("who does not wait is let go", func(t *testing.T) {
		given, cancel := context.WithCancel(ctx)
		cancel()
		_, err := c.Scan(given, bytes.NewReader(virus))
		require.ErrorIs(t, err, context.Canceled)
	})

	require.NoError(t, d.Stop())
	require.Error(t, c.Ping(ctx))
	_, err = c.Scan(ctx, strings.NewReader("clean"))
	require.Error(t, err, "a daemon that is away finds nothing, and nothing clean")
}

// An answer that is not a verdict is never one.
func TestU5OnlyAVerdictIsAVerdict(t *testing.T) {
	for answer, want := range map[string]struct {
		found string
		limit bool
		ok    bool
	}{
		"stream: OK\x00":                         {ok: true},
		"stream: Win.Test.EICAR_HDB-1 FOUND\x00": {found: "Win.Test.EICAR_HDB-1", ok: true},
		"stream: Win.Test.EICAR_HDB-1(44d88612fea8a8f36de82e1278abb02f:68) FOUND\x00": {found: "Win.Test.EICAR_HDB-1", ok: true},
		"stream:  FOUND\x00":                      {},
		"stream: Can't allocate memory ERROR\x00": {},
		"INSTREAM size limit exceeded. ERROR\x00": {limit: true},
		"UNKNOWN COMMAND\x00":                     {},
		"stream: OK":                              {}, // the connection ended in the middle
		"":                                        {},
		strings.Repeat("stream: OK", 1000) + "\x00": {},
	} {
		t.Run(answer[:min(len(answer), 40)], func(t *testing.T) {
			c, err := clamd.New(impostor(t, answer))
			require.NoError(t, err)
			found, err := c.Scan(t.Context(), strings.NewReader("content"))
			require.Equal(t, want.ok, err == nil, "%v", err)
			require.Equal(t, want.found, found)
			require.Equal(t, want.limit, errors.Is(err, clamd.ErrLimit))
		})
	}
}

// A daemon that refuses a content in the middle says why, and is heard.
func TestU5RefusalInTheMiddleIsHeard(t *testing.T) {
	listener := listen(t)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, c, 1<<20)
		_, _ = c.Write([]byte("INSTREAM size limit exceeded. ERROR\x00"))
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}()
	c, err := clamd.New("unix:" + listener.Addr().String())
	require.NoError(t, err)
	_, err = c.Scan(t.Context(), io.LimitReader(zeros{}, 8<<20))
	require.ErrorIs(t, err, clamd.ErrLimit)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// impostor reads one stream as clamd does, answers that, and hangs up.
func impostor(t *testing.T, answer string) string {
	t.Helper()
	listener := listen(t)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		head := make([]byte, len("zINSTREAM\x00"))
		if _, err := io.ReadFull(c, head); err != nil || string(head) != "zINSTREAM\x00" {
			return
		}
		for {
			var length uint32
			if err := binary.Read(c, binary.BigEndian, &length); err != nil {
				return
			}
			if length == 0 {
				break
			}
			_, _ = io.CopyN(io.Discard, c, int64(length))
		}
		_, _ = c.Write([]byte(answer))
	}()
	return "unix:" + listener.Addr().String()
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
