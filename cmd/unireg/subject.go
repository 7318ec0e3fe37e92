package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"unireg/record"
	"unireg/storage"
)

type subjectCommand struct {
	Takeover subjectTakeover `cmd:"" help:"Give a code that a stranger registered to its owner, who has proved it at the counter."`
}

type subjectTakeover struct{}

// Help tells what is read, done and printed.
func (subjectTakeover) Help() string {
	return `Anyone can type a company's code. Reads the code or document number (统一社会信用代码 or 证件号码) from standard input, and
gives a subject of which nothing was ever in force a new account: earlier accounts are suspended, their sessions end and their
drafts are not shown. Prints the new account's password, drawn at random, once. The owner changes it after the first login.`
}

// Run takes the subject over and prints the password.
func (subjectTakeover) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read code: %w", err)
		}
		match, err := store.AccountsByLogin(ctx, record.NormalizeCode(line))
		if err != nil {
			return personal(err)
		}
		if len(match.Accounts) == 0 {
			return errors.New("the code on standard input is not registered")
		}
		password, hash, err := drawPassword(ctx)
		if err != nil {
			return err
		}
		if _, err := store.TakeOver(ctx, match.Accounts[0].Subject.ID, hash, commandLine); err != nil {
			return personal(err)
		}
		_, err = fmt.Fprintf(out, "password  %s\n", password)
		return err
	})
}
