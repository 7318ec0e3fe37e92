package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"unireg/access"
	"unireg/config"
	"unireg/record"
	"unireg/storage"
)

type staffCommand struct {
	Add     staffAdd     `cmd:"" help:"Add a reviewer or supervisor."`
	Disable staffDisable `cmd:"" help:"Disable a member at once; their sessions end."`
	Enable  staffEnable  `cmd:"" help:"Enable a disabled member."`
	List    staffList    `cmd:"" help:"List all members."`
}

type staffAdd struct {
	Login string `arg:"" help:"Login name."`
	Name  string `required:"" help:"Full name, as bidders and colleagues see it."`
	Role  string `required:"" enum:"reviewer,supervisor" help:"${enum}."`
}

// Help tells what is read and printed.
func (staffAdd) Help() string {
	return `Reads the member's identity number (公民身份号码) from standard input: nobody decides a filing in which they appear. Only
a keyed index of it is kept. Prints a password drawn at random, once; the second factor is enrolled at the first login.`
}

// Run adds a member and prints the password.
func (a staffAdd) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		identity, err := readIdentity(os.Stdin, os.Stderr)
		if err != nil {
			return err
		}
		password, hash, err := drawPassword(ctx)
		if err != nil {
			return err
		}
		secret, err := access.NewTOTPSecret()
		if err != nil {
			return err
		}
		_, err = store.AddStaff(ctx, commandLine, storage.NewStaff{
			Login: a.Login, Name: a.Name, Role: record.Role(a.Role), Identity: identity, Password: hash, Secret: secret,
		})
		if err != nil {
			return personal(err)
		}
		_, err = fmt.Fprintf(out, "login     %s\npassword  %s\n", storage.NormalizeLogin(a.Login), password)
		return err
	})
}

// readIdentity asks for the identity number, which is no argument: those are
// seen by everybody on the machine.
func readIdentity(in *os.File, prompt io.Writer) (string, error) {
	if info, err := in.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		if _, err := fmt.Fprint(prompt, "identity number (公民身份号码): "); err != nil {
			return "", err
		}
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read identity number: %w", err)
	}
	number := record.NormalizeCode(line)
	if problem := record.ResidentIDProblem(number, time.Now()); problem != "" {
		return "", errors.New("the identity number on standard input: " + problem)
	}
	return number, nil
}

type staffDisable struct {
	Login string `arg:"" help:"Login name."`
}

// Run disables the member.
func (d staffDisable) Run(ctx context.Context) error {
	return withMember(ctx, d.Login, func(store *storage.Store, id record.ID) error { return store.DisableStaff(ctx, commandLine, id) })
}

type staffEnable struct {
	Login string `arg:"" help:"Login name."`
}

// Run enables the member.
func (e staffEnable) Run(ctx context.Context) error {
	return withMember(ctx, e.Login, func(store *storage.Store, id record.ID) error { return store.EnableStaff(ctx, commandLine, id) })
}

type staffList struct{}

// Run lists the members.
func (staffList) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		members, err := store.StaffMembers(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "LOGIN\tROLE\tSTATE\tSECOND FACTOR\tNAME") // Flush reports faults
		for _, m := range members {
			state, factor := "enabled", "at first login"
			if m.Disabled {
				state = "disabled"
			}
			if m.Enrolled {
				factor = "enrolled"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", m.Login, m.Role, state, factor, m.Name)
		}
		return table.Flush()
	})
}

// commandLine acts for the operator at the machine.
var commandLine = record.Actor{Role: record.Supervisor}

// drawPassword returns a password and its hash.
func drawPassword(ctx context.Context) (password, hash string, err error) {
	if password, err = access.ReadablePassword(); err != nil {
		return "", "", err
	}
	hash, err = access.Hash(ctx, password)
	return password, hash, err
}

// withStaff opens the database for a command on staff.
func withStaff(ctx context.Context, work func(*storage.Store) error) (err error) {
	c, err := settings(config.Staff)
	if err != nil {
		return err
	}
	r, err := openRooms(ctx, c, newLog(c, os.Stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return work(r.store)
}

func withMember(ctx context.Context, login string, work func(*storage.Store, record.ID) error) error {
	return withStaff(ctx, func(store *storage.Store) error {
		member, err := store.StaffByLogin(ctx, login)
		if record.CodeOf(err) == record.NotFound {
			return fmt.Errorf("there is no staff member %q", strings.TrimSpace(login))
		}
		if err != nil {
			return err
		}
		return personal(work(store, member.ID))
	})
}

// personal keeps of an error for people the sentence.
func personal(err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return errors.New(e.Message)
	}
	return err
}
