package main

import (
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/clamd"
	"unireg/clamd/daemon"
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
	require.Regexp(t, `ok +virus scan +ClamAV \S+ finds the EICAR test file`, said)

	blind := filepath.Join(t.TempDir(), "away.sock")
	environment, _ = system(t, "UNIREG_SCAN=required", "UNIREG_CLAMD=unix:"+blind)
	code, said := run(t, environment, "", "doctor")
	require.Equal(t, 1, code)
	require.Regexp(t, `FAULT virus scan +ping clamd: .*attachments wait and nothing is approved`, said)

	environment, _ = system(t)
	_, said = run(t, environment, "", "doctor")
	require.Regexp(t, `warn +virus scan +off: attachments show 未扫描`, said)
}
