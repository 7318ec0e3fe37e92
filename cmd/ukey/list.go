package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"unireg/cmd/ukey/internal/token"
)

type listCommand struct{ places }

// Run prints each token with its certificates.
func (c *listCommand) Run(out io.Writer) (err error) {
	sources, modules, err := c.sources()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, modules.Close()) }()
	watch := token.NewWatch(slog.New(slog.NewTextHandler(os.Stderr, nil)), sources...)
	tokens, _ := watch.Tokens()
	if len(tokens) == 0 {
		_, err = fmt.Fprintln(out, "no token found")
		return err
	}
	for _, t := range tokens {
		if err := printToken(out, t); err != nil {
			return err
		}
	}
	return nil
}

func printToken(out io.Writer, t token.Token) error {
	if _, err := fmt.Fprintf(out, "%s\n", t.Label); err != nil {
		return err
	}
	if len(t.Certificates) == 0 {
		_, err := fmt.Fprintln(out, "  no certificate to sign with")
		return err
	}
	for _, c := range t.Certificates {
		_, err := fmt.Fprintf(out, "  %s\n    %s, serial %s, issued by %s\n    valid %s to %s, SHA-256 %s\n",
			c.CommonName(), c.Algorithm(), c.Serial(), c.Issuer(),
			c.NotBefore().Local().Format("2006-01-02"), c.NotAfter().Local().Format("2006-01-02"), c.ID())
		if err != nil {
			return err
		}
	}
	return nil
}
