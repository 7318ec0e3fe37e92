package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/clamd"
	"unireg/clamd/daemon"
	"unireg/config"
)

func pingScanner(t *testing.T, address string) error {
	t.Helper()
	client, err := clamd.New(address)
	require.NoError(t, err)
	return client.Ping(t.Context())
}

func TestU5DoctorHasTheScannerProveItself(t *testing.T) {
	own, err := daemon.Start(daemon.Options{Dir: t.TempDir(), TestOnly: true, Log: io.Discard})
	require.NoError(t, err)
	defer func() { require.NoError(t, own.Stop()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, own.Await(ctx))

	environment, _ := system(t, "UNIREG_SCAN=required", "UNIREG_CLAMD="+own.Address)
	_, said := run(t, environment, "", "doctor")
	require.Regexp(t, `ok +virus scan +ClamAV \S+ finds the EICAR test file, and at the end of 20 MiB`, said)

	blind := filepath.Join(t.TempDir(), "away.sock")
	environment, _ = system(t, "UNIREG_SCAN=required", "UNIREG_CLAMD=unix:"+blind)
	code, said := run(t, environment, "", "doctor")
	require.Equal(t, 1, code)
	require.Regexp(t, `FAULT virus scan +the scanner does not answer: attachments wait and nothing is approved`, said)

	environment, _ = system(t)
	_, said = run(t, environment, "", "doctor")
	require.Regexp(t, `warn +virus scan +off: attachments show 未扫描`, said)
}

// blindScanner answers as clamd does, and finds nothing in anything.
func blindScanner(t *testing.T) (address string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			heard := bufio.NewReader(c)
			asked, _ := heard.ReadString(0)
			answer := map[string]string{"zPING\x00": "PONG", "zVERSION\x00": "Blind 1", "zINSTREAM\x00": "stream: OK"}[asked]
			for length := uint32(1); asked == "zINSTREAM\x00" && length > 0; {
				if binary.Read(heard, binary.BigEndian, &length) != nil {
					break
				}
				_, _ = io.CopyN(io.Discard, heard, int64(length))
			}
			_, _ = c.Write([]byte(answer + "\x00"))
			_ = c.Close()
		}
	}()
	return "unix:" + listener.Addr().String()
}

func TestU5DoctorFindsAScannerThatFindsNothing(t *testing.T) {
	var out strings.Builder
	d := &diagnosis{out: &out}
	examineScanner(t.Context(), d, config.Config{Scan: config.ScanRequired, Clamd: blindScanner(t), MaxFileMiB: 1})
	require.Equal(t, 1, d.faults)
	require.Contains(t, out.String(), "the scanner does not find the EICAR test file")
}
