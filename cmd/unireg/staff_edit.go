package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

type staffEdit struct {
	Login      string   `arg:"" help:"Login name."`
	Name       string   `help:"New full name."`
	Role       string   `enum:",reviewer,confirmer,supervisor" default:"" help:"New role: reviewer, confirmer or supervisor."`
	Region     []string `xor:"where" help:"All regions from here on. May be repeated."`
	Everywhere bool     `xor:"where" help:"No limit of regions any more."`
	Kind       []string `xor:"what" help:"All kinds from here on. May be repeated."`
	EveryKind  bool     `xor:"what" help:"No limit of kinds any more."`
}

// Help tells what is kept, and what else happens.
func (staffEdit) Help() string {
	return `What is not named stays as it is. A narrower scope sends what the member holds outside of it back to the queue. The last enabled
supervisor keeps the role.`
}

// Run changes what was named.
func (e staffEdit) Run(ctx context.Context) error {
	if e.Name == "" && e.Role == "" && len(e.Region) == 0 && !e.Everywhere && len(e.Kind) == 0 && !e.EveryKind {
		return errors.New("say what to change: --name, --role, --region, --everywhere, --kind or --every-kind")
	}
	return withMember(ctx, e.Login, func(store *storage.Store, id record.ID) error {
		member, err := store.Staff(ctx, id)
		if err != nil {
			return err
		}
		scope := member.Scope()
		if e.Role != "" {
			scope.Role = record.Role(e.Role)
		}
		if e.Everywhere || len(e.Region) > 0 {
			scope.Regions = e.Region
		}
		if e.EveryKind || len(e.Kind) > 0 {
			scope.Kinds = kindsOf(e.Kind)
		}
		return store.EditStaff(ctx, commandLine, id, storage.StaffEdit{Name: e.Name, Scope: &scope, Revision: member.Revision})
	})
}

// kindsOf are the kinds that were named; storage knows which there are.
func kindsOf(names []string) []record.Kind {
	var kinds []record.Kind
	for _, name := range names {
		kinds = append(kinds, record.Kind(name))
	}
	return kinds
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

type staffAbsent struct {
	Login string `arg:"" help:"Login name."`
}

// Run notes the absence.
func (a staffAbsent) Run(ctx context.Context) error {
	return withMember(ctx, a.Login, func(store *storage.Store, id record.ID) error { return store.SetAbsent(ctx, commandLine, id, true) })
}

type staffPresent struct {
	Login string `arg:"" help:"Login name."`
}

// Run notes the return.
func (p staffPresent) Run(ctx context.Context) error {
	return withMember(ctx, p.Login, func(store *storage.Store, id record.ID) error { return store.SetAbsent(ctx, commandLine, id, false) })
}

type staffPassword struct {
	Login string `arg:"" help:"Login name."`
}

// Run prints the new password.
func (p staffPassword) Run(ctx context.Context, out io.Writer) error {
	return withMember(ctx, p.Login, func(store *storage.Store, id record.ID) error {
		password, hash, err := drawPassword(ctx)
		if err != nil {
			return err
		}
		if err := store.SetStaffPassword(ctx, commandLine, id, hash, ""); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "password  %s\n", password)
		return err
	})
}

type staffFactor struct {
	Login string `arg:"" help:"Login name."`
}

// Run draws a new secret, which the member sees at the next login.
func (f staffFactor) Run(ctx context.Context) error {
	return withMember(ctx, f.Login, func(store *storage.Store, id record.ID) error {
		secret, err := access.NewTOTPSecret()
		if err != nil {
			return err
		}
		return store.ResetSecondFactor(ctx, commandLine, id, secret)
	})
}
