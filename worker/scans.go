package worker

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"unireg/storage"
)

// VirusScanner looks for viruses, and says whether it is there at all.
type VirusScanner interface {
	storage.Scanner
	Ping(ctx context.Context) error
}

const (
	// scanPace is how often an idle worker looks for a file that waits: whoever
	// uploads one sees within a second what became of it.
	scanPace = 500 * time.Millisecond
	// scansAtOnce is how many files a worker has scanned at a time.
	scansAtOnce = 2
	// pingTime is how long a scanner may take to say that it is there.
	pingTime = 10 * time.Second
)

// Scans has the attachments scanned that wait for it. It needs no Temporal, and
// any number may run: storage gives each another file. While the scanner is away
// the files wait, and none is tried in vain.
type Scans struct {
	files   FileKeeper
	scanner VirusScanner
	logger  *slog.Logger
	away    atomic.Bool // said already
	watch   observed
}

// NewScans returns what has files scanned, a few at a time.
func NewScans(files FileKeeper, scanner VirusScanner, logger *slog.Logger) *Scans {
	return &Scans{files: files, scanner: scanner, logger: logger}
}

// Run has files scanned until ctx ends.
func (s *Scans) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range scansAtOnce {
		group.Go(func() { s.follow(ctx) })
	}
	group.Wait()
}

// follow has one file scanned after another.
func (s *Scans) follow(ctx context.Context) {
	for ctx.Err() == nil {
		more, err := s.Round(ctx)
		if err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "a file was not scanned", slog.Any("error", err))
		}
		if !more {
			pause(ctx, scanPace)
		}
	}
}

// Round has one file scanned and tells whether there may be more.
func (s *Scans) Round(ctx context.Context) (more bool, err error) {
	if !s.there(ctx) {
		return false, nil
	}
	scan, err := s.files.ScanNext(ctx, s.scanner)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			s.watch.scanned(ScanFailed)
		}
		return false, err
	case scan == nil:
		return false, nil
	case scan.Found == "":
		s.watch.scanned(ScanClean)
	default:
		s.watch.scanned(ScanRefused)
		s.logger.WarnContext(ctx, "an attachment is refused", slog.String("subject", string(scan.Subject)),
			slog.String("file", string(scan.File)), slog.String("virus", scan.Found))
	}
	return true, nil
}

// there asks whether the scanner answers, and says once when that changes.
func (s *Scans) there(ctx context.Context) bool {
	asked, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	err := s.scanner.Ping(asked)
	switch {
	case ctx.Err() != nil:
	case err != nil && s.away.CompareAndSwap(false, true):
		s.logger.WarnContext(ctx, "the virus scanner is away: attachments wait", slog.Any("error", err))
	case err == nil && s.away.CompareAndSwap(true, false):
		s.logger.InfoContext(ctx, "the virus scanner is back")
	}
	return err == nil
}
