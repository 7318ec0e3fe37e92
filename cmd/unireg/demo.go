package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

// demoAccount is an account of a demonstration with what it takes to log in.
type demoAccount struct {
	Role     string // bidder, or a role of staff
	Login    string // of staff; the bidder logs in by name or code
	Name     string
	Password string
	Secret   string // of the one-time codes, staff only

	code     string // of the bidder
	identity string // of staff
	fresh    bool   // the password was drawn just now
}

// demoAccounts are who a demonstration has. Code and numbers pass every check
// and belong to nobody.
func demoAccounts() []demoAccount {
	bidder := demoAccount{Role: "bidder", Name: "示范建工集团有限公司", code: record.NewCreditCode("91", "430100", "MADEM001")}
	bidder.Login = bidder.code
	return []demoAccount{
		bidder,
		{Role: "reviewer", Login: storage.DemoLogin + "reviewer-1", Name: "审核员 周示范", identity: record.NewResidentID("430104", "19880101", "101")},
		{Role: "confirmer", Login: storage.DemoLogin + "reviewer-2", Name: "复核员 吴示范", identity: record.NewResidentID("430104", "19890202", "202")},
		{Role: "supervisor", Login: storage.DemoLogin + "supervisor", Name: "管理员 郑示范", identity: record.NewResidentID("430104", "19770303", "303")},
	}
}

// seedDemo makes the accounts of a demonstration and keeps their passwords in
// the file at path, for their owner alone. The file is written first: whatever
// dies in between, the next start finds the passwords and makes what is missing.
// An account whose password is in no file gets a new one.
func seedDemo(ctx context.Context, store *storage.Store, path string) ([]demoAccount, error) {
	kept, err := readDemo(path)
	if err != nil {
		return nil, err
	}
	accounts := demoAccounts()
	for i := range accounts {
		a := &accounts[i]
		if k, ok := kept[a.Login]; ok {
			a.Password, a.Secret = k.Password, k.Secret
			continue
		}
		a.fresh = true
		if a.Password, err = access.ReadablePassword(); err != nil {
			return nil, err
		}
		if a.identity == "" {
			continue
		}
		if a.Secret, err = access.NewTOTPSecret(); err != nil {
			return nil, err
		}
	}
	if err := writeDemo(path, accounts); err != nil {
		return nil, err
	}
	for _, a := range accounts {
		seed := a.seedStaff
		if a.Role == "bidder" {
			seed = a.seedBidder
		}
		if err := seed(ctx, store); err != nil {
			return nil, fmt.Errorf("seed demo account %s: %w", a.Login, err)
		}
	}
	return accounts, nil
}

func (a demoAccount) seedBidder(ctx context.Context, store *storage.Store) error {
	registered, err := store.Registered(ctx, record.Organization, "", a.code)
	if err != nil || registered && !a.fresh {
		return err
	}
	hash, err := access.Hash(ctx, a.Password)
	if err != nil {
		return err
	}
	if !registered {
		_, err = store.Register(ctx, storage.Registration{
			Command: storage.NewID(), Type: record.Organization, Code: a.code, Name: a.Name, Password: hash,
		})
		return err
	}
	match, err := store.AccountsByLogin(ctx, a.code)
	if err != nil {
		return err
	}
	for _, account := range match.Accounts {
		if err := store.SetPassword(ctx, account.ID, hash, ""); err != nil {
			return err
		}
	}
	return nil
}

func (a demoAccount) seedStaff(ctx context.Context, store *storage.Store) error {
	member, err := store.StaffByLogin(ctx, a.Login)
	missing := record.CodeOf(err) == record.NotFound
	switch {
	case err != nil && !missing:
		return err
	case err == nil:
		// A demonstration of an earlier release may know other roles.
		scope := member.Scope()
		scope.Role = record.Role(a.Role)
		if err := store.EditStaff(ctx, commandLine, member.ID, storage.StaffEdit{Name: a.Name, Scope: &scope}); err != nil || !a.fresh {
			return err
		}
	}
	hash, err := access.Hash(ctx, a.Password)
	if err != nil {
		return err
	}
	if missing {
		_, err = store.AddStaff(ctx, commandLine, storage.NewStaff{
			Login: a.Login, Name: a.Name, Role: record.Role(a.Role), Identity: a.identity, Password: hash, Secret: a.Secret, Enrolled: true,
		})
		return err
	}
	if err := store.SetStaffPassword(ctx, commandLine, member.ID, hash, ""); err != nil {
		return err
	}
	return store.ResetSecondFactor(ctx, commandLine, member.ID, a.Secret)
}

const demoHeading = "# Accounts of this demonstration, drawn at random.\n# role\tlogin\tpassword\tsecret of the one-time codes\tname\n"

// writeDemo writes the file so that it is whole or as before.
func writeDemo(path string, accounts []demoAccount) error {
	var b bytes.Buffer
	b.WriteString(demoHeading)
	for _, a := range accounts {
		b.WriteString(strings.Join([]string{a.Role, a.Login, a.Password, a.Secret, a.Name}, "\t") + "\n")
	}
	if err := writePrivate(path, b.Bytes()); err != nil {
		return fmt.Errorf("keep demo accounts: %w", err)
	}
	return nil
}

// readDemo reads the file, if there is one, by login.
func readDemo(path string) (map[string]demoAccount, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read demo accounts: %w", err)
	}
	kept := map[string]demoAccount{}
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(cells) != 5 {
			return nil, fmt.Errorf("read demo accounts: %s is damaged; remove it to get new passwords", path)
		}
		kept[cells[1]] = demoAccount{Role: cells[0], Login: cells[1], Password: cells[2], Secret: cells[3], Name: cells[4]}
	}
	return kept, nil
}

// printDemo prints the accounts, of staff with the code that an app shows at
// this moment.
func printDemo(out io.Writer, accounts []demoAccount, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, a := range accounts {
		if a.Secret == "" {
			_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t\t%s\n", a.Role, a.Login, a.Password, a.Name) // Flush reports faults
			continue
		}
		code, err := access.TOTPCode(a.Secret, now)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", a.Role, a.Login, a.Password, code, access.TOTPAddress("unireg", a.Login, a.Secret))
	}
	return table.Flush()
}
