package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
)

// ListStore keeps the lists of revoked certificates and heeds them.
type ListStore interface {
	RevocationList(ctx context.Context, issuerKey string) (storage.RevocationList, error)
	SaveRevocationList(ctx context.Context, issuerKey string, list certificate.List, der []byte) (changed int, err error)
}

// ListFetcher fetches an issuer's list over HTTP.
type ListFetcher interface {
	FetchCRL(ctx context.Context, url string) ([]byte, error)
}

// Revocations fetches what the issuers say of their certificates. It needs no
// Temporal: a revoked certificate's sessions end while the engine is away. Two
// of them share the work, as each looks when the other fetched last.
type Revocations struct {
	trust  *certificate.Trust
	fetch  ListFetcher
	store  ListStore
	every  time.Duration
	logger *slog.Logger
	watch  observed
}

// NewRevocations returns what fetches every issuer's list that often.
func NewRevocations(trust *certificate.Trust, fetch ListFetcher, store ListStore, every time.Duration, logger *slog.Logger) *Revocations {
	return &Revocations{trust: trust, fetch: fetch, store: store, every: every, logger: logger}
}

// Run fetches until ctx ends.
func (r *Revocations) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := r.Round(ctx)
		if ctx.Err() == nil {
			r.watch.round(LoopRevocations, began, err)
		}
		if err != nil && ctx.Err() == nil {
			r.logger.WarnContext(ctx, "lists of revoked certificates are not all new", slog.Any("error", err))
		}
		pause(ctx, r.every)
	}
}

// listPatience is how long one issuer may take for its list.
const listPatience = 20 * time.Second

// Round fetches the lists that are due. An issuer that does not answer keeps
// none of the others waiting for ever, and its last list stays.
func (r *Revocations) Round(ctx context.Context) error {
	var faults []error
	for _, issuer := range r.trust.Issuers() {
		if issuer.CRL == "" {
			continue
		}
		if err := r.refresh(ctx, issuer); err != nil {
			faults = append(faults, fmt.Errorf("issuer %s: %w", issuer.Key[:16], err))
		}
	}
	return errors.Join(faults...)
}

func (r *Revocations) refresh(ctx context.Context, issuer certificate.Issuer) error {
	ctx, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	known, err := r.store.RevocationList(ctx, issuer.Key)
	if err != nil && record.CodeOf(err) != record.NotFound {
		return err
	}
	if err == nil && time.Since(known.FetchedAt) < r.every/2 {
		return nil
	}
	der, err := r.fetch.FetchCRL(ctx, issuer.CRL)
	if err != nil {
		return fmt.Errorf("fetch list: %w", err)
	}
	list, err := r.trust.ParseCRL(issuer.Key, der)
	if err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	changed, err := r.store.SaveRevocationList(ctx, issuer.Key, list, der)
	if changed > 0 {
		r.logger.InfoContext(ctx, "certificates changed by their issuer's list", slog.String("issuer", issuer.Key[:16]), slog.Int("certificates", changed))
	}
	return err
}
