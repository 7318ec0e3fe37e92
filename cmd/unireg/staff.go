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
	Add           staffAdd      `cmd:"" help:"Add a member: 审核员 reviewer, 复核员 confirmer or 管理员 supervisor."`
	Edit          staffEdit     `cmd:"" help:"Change a member's name, role, regions or kinds; it counts at once."`
	List          staffList     `cmd:"" help:"List all members."`
	Disable       staffDisable  `cmd:"" help:"Disable a member at once; their sessions end, their work goes back to the queue."`
	Enable        staffEnable   `cmd:"" help:"Enable a disabled member."`
	Absent        staffAbsent   `cmd:"" help:"Note that a member is away and gets no work."`
	Present       staffPresent  `cmd:"" help:"Note that a member is here again."`
	ResetPassword staffPassword `cmd:"" help:"Give a member a new password, printed once; their sessions end."`
	ResetFactor   staffFactor   `cmd:"" help:"Have a member set the second factor up anew at the next login; their sessions end."`
}

type staffAdd struct {
	Login  string   `arg:"" help:"Login name."`
	Name   string   `required:"" help:"Full name, as bidders and colleagues see it."`
	Role   string   `required:"" enum:"reviewer,confirmer,supervisor" help:"${enum}."`
	Region []string `help:"Code of GB/T 2260 or its leading digits: 43 a province, 4301 a city, 430102 a county. May be repeated; none is everywhere."`
	Kind   []string `help:"organization, person, qualification, performance, practitioner or award. May be repeated; none is every kind."`
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
			Login: a.Login, Name: a.Name, Role: record.Role(a.Role), Regions: a.Region, Kinds: kindsOf(a.Kind),
			Identity: identity, Password: hash, Secret: secret,
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

type staffList struct{}

// Run lists the members.
func (staffList) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		members, err := store.StaffMembers(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "LOGIN\tROLE\tSTATE\tSECOND FACTOR\tREGIONS\tKINDS\tLAST LOGIN\tNAME") // Flush reports faults
		for _, m := range members {
			state, factor, last := "enabled", "at first login", "never"
			switch {
			case m.Disabled:
				state = "disabled"
			case !m.AbsentSince.IsZero():
				state = "absent"
			}
			if !m.LoggedInAt.IsZero() {
				last = m.LoggedInAt.In(record.Shanghai).Format("2006-01-02 15:04")
			}
			if m.Enrolled {
				factor = "enrolled"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				m.Login, m.Role, state, factor, listed(m.Regions), listed(m.Kinds), last, m.Name)
		}
		return table.Flush()
	})
}

// listed are the parts of a scope; none are all.
func listed[T ~string](all []T) string {
	if len(all) == 0 {
		return "all"
	}
	var texts []string
	for _, one := range all {
		texts = append(texts, string(one))
	}
	return strings.Join(texts, ",")
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
