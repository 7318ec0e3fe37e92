package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"unireg/record"
	"unireg/storage"
)

type apiKeyCommand struct {
	Add    apiKeyAdd    `cmd:"" help:"Draw a key for another system and print it, once."`
	List   apiKeyList   `cmd:"" help:"List all keys."`
	Revoke apiKeyRevoke `cmd:"" help:"End a key at once."`
}

type apiKeyAdd struct {
	Name   string          `arg:"" help:"Whose key it is, as people call it."`
	Scopes []storage.Scope `name:"scope" required:"" help:"What it may do: subjects.read, eligibility.read, connections.read, changes.read or ca.read; several are allowed."`
	Days   int             `default:"0" help:"Days after which it expires; 0: never."`
}

// Run draws a key and prints it.
func (a apiKeyAdd) Run(ctx context.Context, out io.Writer) error {
	if a.Days < 0 {
		return errors.New("--days is negative")
	}
	return withStaff(ctx, func(store *storage.Store) error {
		var expires time.Time
		if a.Days > 0 {
			expires = time.Now().AddDate(0, 0, a.Days)
		}
		key, text, err := store.AddAPIKey(ctx, commandLine, a.Name, a.Scopes, expires)
		if err != nil {
			return personal(err)
		}
		_, err = fmt.Fprintf(out, "id   %s\nkey  %s\n", key.ID, text)
		return err
	})
}

type apiKeyList struct{}

// Run lists the keys.
func (apiKeyList) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		keys, err := store.APIKeys(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tSTATE\tSCOPES\tEXPIRES\tLAST USED\tNAME") // Flush reports faults
		for _, k := range keys {
			scopes := make([]string, 0, len(k.Scopes))
			for _, s := range k.Scopes {
				scopes = append(scopes, string(s))
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, keyState(k, time.Now()), strings.Join(scopes, " "),
				dayOf(k.ExpiresAt), dayOf(k.UsedAt), k.Name)
		}
		return table.Flush()
	})
}

func keyState(k storage.APIKey, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked"
	case !k.ExpiresAt.IsZero() && now.After(k.ExpiresAt):
		return "expired"
	default:
		return "valid"
	}
}

// dayOf is a day for a table.
func dayOf(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(record.Shanghai).Format(time.DateOnly)
}

type apiKeyRevoke struct {
	ID string `arg:"" help:"Its id, as the list shows it."`
}

// Run ends a key.
func (r apiKeyRevoke) Run(ctx context.Context) error {
	if !storage.ValidID(r.ID) {
		return fmt.Errorf("%q is no id of a key", r.ID)
	}
	return withStaff(ctx, func(store *storage.Store) error {
		err := store.RevokeAPIKey(ctx, commandLine, record.ID(strings.ToLower(r.ID)))
		if record.CodeOf(err) == record.NotFound {
			return errors.New("there is no such key, or it is revoked already")
		}
		return err
	})
}
