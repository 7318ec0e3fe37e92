// Package takeout packs all that is kept of a subject into one archive that it
// takes along: a zip of JSON for machines, PDF for people, the proofs of
// signatures, and the attachments as they came. It streams: one document or a piece
// of one attachment is in memory at a time, however much there is.
package takeout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
)

// Packer builds the archives of exports.
type Packer struct {
	Store   *storage.Store
	Objects *storage.Objects
	// Trust are the issuers with whom signatures are bundled; nil leaves the bare
	// evidence.
	Trust *certificate.Trust
	Site  string // name of the system
	Log   *slog.Logger
}

// BuildExport builds an export whose archive is not there yet; for any other it
// does nothing. It may die anywhere and be called again, also by several at a time:
// one archive comes of it. beat is called while it goes on, at least once for each
// document and each piece of an attachment.
func (p *Packer) BuildExport(ctx context.Context, id record.ID, beat func()) error {
	exports := storage.NewExports(p.Store, p.Objects)
	attempt, ok, err := exports.Begin(ctx, id)
	if err != nil || !ok {
		return err
	}
	dossier, err := p.Store.Dossier(ctx, attempt.Subject, attempt.Account)
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := p.pack(ctx, writer, dossier, beat)
		_ = writer.CloseWithError(err)
		return err
	})
	group.Go(func() error {
		err := exports.Finish(ctx, attempt, dossier.AsOf, reader)
		// Whoever packs does not wait for a reader that is gone.
		_ = reader.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		return err
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("build export %s: %w", id, err)
	}
	return nil
}

// FailExport gives an export up.
func (p *Packer) FailExport(ctx context.Context, id record.ID) error {
	return p.Store.FailExport(ctx, id)
}

// SweepExports deletes the archives that expired, and what failed attempts left.
func (p *Packer) SweepExports(ctx context.Context) (int, error) {
	return storage.NewExports(p.Store, p.Objects).Sweep(ctx)
}

// pack writes the archive of a dossier.
func (p *Packer) pack(ctx context.Context, to io.Writer, d storage.Dossier, beat func()) error {
	a := newArchive(to, d.AsOf, beat)
	files := filePaths(d.Files)
	contents := contents{packer: p, dossier: &d, archive: a, paths: files}
	for _, part := range []func(context.Context) error{
		contents.readme, contents.subject, contents.records, contents.drafts, contents.files, contents.certificates, contents.applications,
		contents.events, contents.messages, contents.members, contents.logins, contents.contacts, contents.imports,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return a.close()
}
