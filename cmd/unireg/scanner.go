package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"unireg/clamd"
	"unireg/clamd/daemon"
	"unireg/config"
)

// scanner is the virus scanner of a development system: a clamd of its own where
// one is installed and the operator has not chosen otherwise.
type scanner struct {
	*daemon.Daemon // nil: none of our own
	said           string
}

// scans reports whether up runs a clamd of its own.
func (u *upCommand) scans() bool {
	_, installed := daemon.Find()
	return installed && os.Getenv("UNIREG_CLAMD") == "" && os.Getenv("UNIREG_SCAN") != string(config.ScanOff)
}

// scannerSettings have everything scanned by the clamd at that address.
func scannerSettings(address string) map[string]string {
	return map[string]string{"UNIREG_SCAN": string(config.ScanRequired), "UNIREG_CLAMD": address}
}

// startScanner starts a clamd, whose settings join the environment. It does not
// wait until the daemon answers: with the machine's signatures it reads for half
// a minute, and attachments wait so long.
func (u *upCommand) startScanner(environment map[string]string) (*scanner, error) {
	if !u.scans() {
		return &scanner{said: scannerNote()}, nil
	}
	notes, err := os.OpenFile(u.path("clamd.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of clamd: %w", err)
	}
	own, err := daemon.Start(daemon.Options{Dir: u.path("clamd"), Log: notes})
	if err != nil {
		return nil, errors.Join(err, notes.Close())
	}
	settings := scannerSettings(own.Address)
	maps.Copy(environment, settings)
	s := &scanner{Daemon: own, said: "clamd with this machine's signatures"}
	if own.TestOnly {
		s.said = "clamd with only the test signature (EICAR): this machine has no freshclam database"
	}
	if err := errors.Join(notes.Close(), u.noteScanner(settings)); err != nil { // the daemon has its own copy
		return nil, errors.Join(err, own.Stop())
	}
	return s, nil
}

// noteScanner writes the settings where other commands find them.
func (u *upCommand) noteScanner(settings map[string]string) error {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		lines.WriteString(name + "=" + settings[name] + "\n")
	}
	if err := writePrivate(u.path("clamd/registration.env"), []byte(lines.String())); err != nil {
		return fmt.Errorf("note where clamd listens: %w", err)
	}
	return nil
}

// scannerNote says who scans where up starts nothing.
func scannerNote() string {
	switch address := os.Getenv("UNIREG_CLAMD"); {
	case os.Getenv("UNIREG_SCAN") == string(config.ScanOff):
		return "off by UNIREG_SCAN, attachments show 未扫描"
	case os.Getenv("UNIREG_SCAN") == "" && address != "":
		return "off: UNIREG_CLAMD is set and UNIREG_SCAN is not required, attachments show 未扫描"
	case address != "":
		return "clamd at " + address
	}
	return "off: clamd is not installed (Debian: clamav-daemon), attachments show 未扫描"
}

// died is closed when a clamd of our own has ended.
func (s *scanner) died() <-chan struct{} {
	if s.Daemon == nil {
		return nil
	}
	return s.Ended()
}

// stop ends a clamd of our own.
func (s *scanner) stop() error {
	if s.Daemon == nil {
		return nil
	}
	return s.Stop()
}

// openScanner is the client of the scanner that the settings name, nil where
// nothing is scanned.
func openScanner(c config.Config) (*clamd.Client, error) {
	if c.Scan != config.ScanRequired {
		return nil, nil //nolint:nilnil // no scans is an ordinary setting
	}
	scanner, err := clamd.New(c.Clamd)
	if err != nil {
		return nil, fmt.Errorf("UNIREG_CLAMD: %w", err)
	}
	return scanner, nil
}

// examineScanner has the scanner find the test file, alone and at the end of an
// archive as large as what may be uploaded: a scanner passes without a word what
// lies beyond its own limits.
func examineScanner(ctx context.Context, d *diagnosis, c config.Config) {
	scanner, err := openScanner(c)
	if err != nil {
		return // the settings told
	}
	if scanner == nil {
		d.warn(finding{"virus scan", "off: attachments show 未扫描", nil, "set UNIREG_SCAN=required and UNIREG_CLAMD where attachments shall be scanned"})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 4*patience)
	defer cancel()
	version, err := scanner.Version(ctx)
	if err != nil {
		d.fault(finding{
			"virus scan", "the scanner does not answer: attachments wait and nothing is approved", err,
			"start clamd, or correct UNIREG_CLAMD",
		})
		return
	}
	found, err := scanner.Scan(ctx, bytes.NewReader(clamd.TestVirus()))
	if err != nil || found == "" {
		d.fault(finding{
			"virus scan", "the scanner does not find the EICAR test file: whatever it passes proves nothing", err,
			"see whether its signatures were fetched (freshclam) and loaded",
		})
		return
	}
	large := largeVirus(c.MaxFileBytes())
	defer large.Close()
	found, err = scanner.Scan(ctx, large)
	switch {
	case errors.Is(err, clamd.ErrLimit) || err == nil && found == "":
		d.fault(finding{
			"virus scan", fmt.Sprintf("its limits are below the %d MiB that may be uploaded: what is larger is not looked at", c.MaxFileMiB), err,
			"raise StreamMaxLength, MaxFileSize and MaxScanSize in clamd.conf above UNIREG_MAX_FILE_MIB, and restart clamd",
		})
	case err != nil:
		d.fault(finding{"virus scan", fmt.Sprintf("a file of %d MiB was not scanned", c.MaxFileMiB), err, "see the cause and clamd's own log"})
	default:
		d.fine("virus scan", "%s finds the EICAR test file, and at the end of %d MiB", version, c.MaxFileMiB)
	}
}

// tarBlock is the unit of an archive's size, in bytes.
const tarBlock = 512

// largeVirus is an archive of that size, in bytes, with the test file behind
// blanks.
func largeVirus(size int64) io.ReadCloser {
	virus := clamd.TestVirus()
	// Two headers, the test file and the archive's end take six blocks.
	blanks := max(0, size/tarBlock-6) * tarBlock
	reader, writer := io.Pipe()
	go func() {
		archive := tar.NewWriter(writer)
		var err error
		for _, part := range []struct {
			name    string
			size    int64
			content io.Reader
		}{
			{"blank", blanks, io.LimitReader(blank{}, blanks)},
			{"eicar.com", int64(len(virus)), bytes.NewReader(virus)},
		} {
			if err == nil {
				err = archive.WriteHeader(&tar.Header{Name: part.name, Size: part.size, Mode: 0o600})
			}
			if err == nil {
				_, err = io.Copy(archive, part.content)
			}
		}
		_ = writer.CloseWithError(errors.Join(err, archive.Close())) // never fails
	}()
	return reader
}

// blank is an endless content.
type blank struct{}

func (blank) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
