package storage_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
)

// member makes somebody a member of the desk's organization by an invitation.
func (d *desk) member(t testing.TB, login string, role record.MemberRole) record.ID {
	t.Helper()
	token := tokenOf(string(storage.NewID()))
	_, err := d.OpenInvitation(t.Context(), storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: token}, Name: "成员" + login, Role: role})
	require.NoError(t, err)
	account, err := d.AcceptInvitation(t.Context(), token, login, "hash")
	require.NoError(t, err)
	return account
}

// as is a member's account as whoever gives commands by password.
func as(account record.ID) record.Actor {
	return record.Actor{Role: record.Applicant, ID: account, Assurance: record.ByPassword}
}

func (d *desk) listed(t testing.TB, account record.ID) storage.Member {
	t.Helper()
	m, err := d.Member(t.Context(), d.subject, account, idle)
	require.NoError(t, err)
	return m
}

func TestB08_AnInvitationMakesAMemberOnce(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	token := tokenOf(string(storage.NewID()))
	invite := storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: token}, Name: "欧阳𬀩", Role: record.Handler}
	opened, err := d.OpenInvitation(ctx, invite)
	require.NoError(t, err)
	again, err := d.OpenInvitation(ctx, invite)
	require.NoError(t, err)
	require.Equal(t, opened.ID, again.ID, "the same form again")
	require.Equal(t, 1, d.eventsOf(t, storage.EventMemberInvited))

	other := newDesk(t)
	foreign := invite
	foreign.Subject, foreign.By = other.subject.ID, other.applicant()
	_, err = d.OpenInvitation(ctx, foreign)
	require.Equal(t, record.AlreadyDone, record.CodeOf(err), "W27 somebody else's link says nothing")

	invited, err := d.InvitationByToken(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "欧阳𬀩", invited.Name)
	require.Equal(t, d.subject.ID, invited.Subject.ID)
	_, err = d.InvitationByToken(ctx, tokenOf("nobody's"))
	require.Equal(t, record.NotFound, record.CodeOf(err))

	accounts := make([]record.ID, 20)
	var group sync.WaitGroup
	for i := range accounts {
		group.Go(func() { accounts[i], _ = d.AcceptInvitation(ctx, token, fmt.Sprintf("ouyang%d", i), "hash") })
	}
	group.Wait()
	var joined []record.ID
	for _, account := range accounts {
		if account != "" {
			joined = append(joined, account)
		}
	}
	require.Len(t, joined, 1, "of twenty who use it at once one does")
	_, err = d.InvitationByToken(ctx, token)
	require.Equal(t, record.NotFound, record.CodeOf(err), "it was used")
	_, err = d.AcceptInvitation(ctx, token, "late", "hash")
	require.Equal(t, record.NotFound, record.CodeOf(err))

	m := d.listed(t, joined[0])
	require.Equal(t, "欧阳𬀩", m.Name)
	require.Equal(t, record.Handler, m.Role)
	require.Zero(t, m.LoggedInAt)
	login(t, d.Store, storage.NewSession{Account: joined[0]})
	require.Equal(t, 1, d.listed(t, joined[0]).Sessions)
	require.NotZero(t, d.listed(t, joined[0]).LoggedInAt)
	names, err := d.MemberNames(ctx, d.subject.ID)
	require.NoError(t, err)
	require.Equal(t, map[record.ID]string{joined[0]: "欧阳𬀩"}, names)
	_, err = d.Member(ctx, other.subject, joined[0], idle)
	require.Equal(t, record.NotFound, record.CodeOf(err), "W17 another subject's member")
	d.verify(t)
}

func TestB08_NamesOfMembersAreSealed(t *testing.T) {
	d := newDesk(t)
	d.member(t, "ouyang", record.Handler)
	_, err := d.OpenInvitation(t.Context(), storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: tokenOf(string(storage.NewID()))}, Name: "成员ouyang", Role: record.Reader})
	require.NoError(t, err)
	said := storage.JoinStatement{Name: "成员ouyang", Contact: "ouyang@example.cn", Reason: "成员ouyang"}
	require.NoError(t, d.AskToJoin(t.Context(), storage.NewJoin{Code: d.subject.Code, Token: tokenOf(string(storage.NewID())), Statement: said}))
	for _, table := range []string{"accounts", "member_invitations", "member_requests", "events", "notifications"} {
		var found int
		require.NoError(t, d.app.NewRaw("SELECT count(*) FROM "+table+" x WHERE x::text LIKE '%ouyang%'").Scan(t.Context(), &found))
		require.Zero(t, found, table)
	}
}

func TestB08_MembersLogInByTheirOwnName(t *testing.T) {
	d := newDesk(t)
	other := newDesk(t)
	ctx := t.Context()
	zhang := d.member(t, "zhang.san", record.Reader)
	theirs := other.member(t, "zhang.san", record.Handler)
	for _, row := range []struct {
		promise, login, member string
		want                   record.ID
	}{
		{"the first account needs no name", d.subject.Code, "", d.account},
		{"a member by code", d.subject.Code, "zhang.san", zhang},
		{"a member by name, as people type", d.subject.Name, " ＺＨＡＮＧ.San ", zhang},
		{"the same name elsewhere is somebody else", other.subject.Code, "zhang.san", theirs},
		{"no such member", d.subject.Code, "li.si", ""},
		{"no such subject", "91430100MA4L16JQ9B", "zhang.san", ""},
	} {
		t.Run(row.promise, func(t *testing.T) {
			match, err := d.MemberByLogin(ctx, row.login, row.member)
			require.NoError(t, err)
			if row.want == "" {
				require.Empty(t, match.Accounts)
				return
			}
			require.Len(t, match.Accounts, 1)
			require.Equal(t, row.want, match.Accounts[0].ID)
		})
	}
	token := tokenOf(string(storage.NewID()))
	_, err := d.OpenInvitation(ctx, storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: token}, Name: "张三丰", Role: record.Reader})
	require.NoError(t, err)
	_, err = d.AcceptInvitation(ctx, token, "zhang.san", "hash")
	require.Equal(t, record.Taken, record.CodeOf(err), "a name is one member's")
	require.NoError(t, d.RevokeMember(ctx, d.applicant(), d.subject.ID, zhang))
	match, err := d.MemberByLogin(ctx, d.subject.Code, "zhang.san")
	require.NoError(t, err)
	require.True(t, match.Accounts[0].Disabled, "who was revoked is told, to who knows the password")
	again, err := d.AcceptInvitation(ctx, token, "zhang.san", "hash")
	require.NoError(t, err, "the name is free again, and the link was not used up")
	match, err = d.MemberByLogin(ctx, d.subject.Code, "zhang.san")
	require.NoError(t, err)
	require.Len(t, match.Accounts, 1)
	require.Equal(t, again, match.Accounts[0].ID)
	d.verify(t)
}

func TestB08_InvitationsEndInEveryWay(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	open := func(by record.Actor) (storage.Invitation, []byte) {
		token := tokenOf(string(storage.NewID()))
		i, err := d.OpenInvitation(ctx, storage.NewInvitation{Subject: d.subject.ID, By: by, Link: storage.InvitationLink{Token: token}, Name: "李四", Role: record.Reader})
		require.NoError(t, err)
		return i, token
	}
	over := func(t *testing.T, token []byte) {
		t.Helper()
		_, err := d.InvitationByToken(ctx, token)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		_, err = d.AcceptInvitation(ctx, token, "late"+string(storage.NewID())[:8], "hash")
		require.Equal(t, record.NotFound, record.CodeOf(err))
	}
	t.Run("taken back", func(t *testing.T) {
		i, token := open(d.applicant())
		require.NoError(t, d.RevokeInvitation(ctx, d.applicant(), d.subject.ID, i.ID))
		over(t, token)
		require.Equal(t, record.NotFound, record.CodeOf(d.RevokeInvitation(ctx, d.applicant(), d.subject.ID, i.ID)))
	})
	t.Run("given another link", func(t *testing.T) {
		i, token := open(d.applicant())
		fresh := tokenOf(string(storage.NewID()))
		renewed, err := d.RenewInvitation(ctx, d.applicant(), d.subject.ID, i.ID, storage.InvitationLink{Token: fresh})
		require.NoError(t, err)
		require.True(t, renewed.ExpiresAt.After(i.ExpiresAt))
		over(t, token)
		_, err = d.InvitationByToken(ctx, fresh)
		require.NoError(t, err)
		_, err = d.RenewInvitation(ctx, d.applicant(), d.subject.ID, i.ID, storage.InvitationLink{Token: fresh})
		require.NoError(t, err, "sent twice")
		require.Equal(t, 1, d.eventsOf(t, storage.EventInvitationRenewed))
	})
	t.Run("after a week", func(t *testing.T) {
		i, token := open(d.applicant())
		_, err := d.app.NewRaw("UPDATE member_invitations SET expires_at = clock_timestamp() WHERE id = ?", i.ID).Exec(ctx)
		require.NoError(t, err)
		over(t, token)
	})
	for promise, end := range map[string]func(inviter record.ID) error{
		"with who opened it": func(inviter record.ID) error { return d.RevokeMember(ctx, d.applicant(), d.subject.ID, inviter) },
		"with the role of who opened it": func(inviter record.ID) error {
			return d.ChangeMember(ctx, d.applicant(), d.subject.ID, inviter, "李四", record.Handler)
		},
		"with a suspension of who opened it": func(inviter record.ID) error {
			return d.DisableAccount(ctx, record.Actor{Role: record.Supervisor, ID: d.boss}, inviter)
		},
	} {
		t.Run(promise, func(t *testing.T) {
			inviter := d.member(t, "x"+string(storage.NewID())[24:], record.Administrator)
			_, token := open(as(inviter))
			require.NoError(t, end(inviter))
			over(t, token)
		})
	}
	t.Run("accepted and taken back at once, one of the two happens", func(t *testing.T) {
		for n := range 10 {
			i, token := open(d.applicant())
			var accepted, revoked error
			var both sync.WaitGroup
			both.Go(func() { _, accepted = d.AcceptInvitation(ctx, token, fmt.Sprintf("race%d", n), "hash") })
			both.Go(func() { revoked = d.RevokeInvitation(ctx, d.applicant(), d.subject.ID, i.ID) })
			both.Wait()
			require.NotEqual(t, accepted == nil, revoked == nil, "%v, %v", accepted, revoked)
			if accepted == nil {
				match, err := d.MemberByLogin(ctx, d.subject.Code, fmt.Sprintf("race%d", n))
				require.NoError(t, err)
				require.NoError(t, d.RevokeMember(ctx, d.applicant(), d.subject.ID, match.Accounts[0].ID))
			}
		}
	})
	d.verify(t)
}

func TestB08_MembersAndInvitationsAreBounded(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	invite := func() ([]byte, error) {
		token := tokenOf(string(storage.NewID()))
		_, err := d.OpenInvitation(ctx, storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: token}, Name: "李四", Role: record.Reader})
		return token, err
	}
	var tokens [][]byte
	for range storage.MaxInvitations {
		token, err := invite()
		require.NoError(t, err)
		tokens = append(tokens, token)
	}
	_, err := invite()
	require.Equal(t, record.Conflict, record.CodeOf(err), "an invitation too many")
	for n := range storage.MaxMembers - 1 {
		_, err := d.AcceptInvitation(ctx, tokens[n], fmt.Sprintf("member%d", n), "hash")
		require.NoError(t, err)
	}
	_, err = d.AcceptInvitation(ctx, tokens[storage.MaxMembers-1], "last", "hash")
	require.Equal(t, record.Conflict, record.CodeOf(err), "a member too many")
	_, err = invite()
	require.Equal(t, record.Conflict, record.CodeOf(err))
}

// However the two meet, one administrator stays.
func TestB08_TheLastAdministratorStays(t *testing.T) {
	for promise, goes := range map[string]func(ctx context.Context, d *desk, who record.ID) error{
		"leaves": func(ctx context.Context, d *desk, who record.ID) error {
			return d.RevokeMember(ctx, as(who), d.subject.ID, who)
		},
		"steps down": func(ctx context.Context, d *desk, who record.ID) error {
			return d.ChangeMember(ctx, as(who), d.subject.ID, who, "王五", record.Handler)
		},
	} {
		t.Run(promise, func(t *testing.T) {
			d := newDesk(t)
			require.Equal(t, record.Conflict, record.CodeOf(goes(t.Context(), d, d.account)), "alone")
			for n := range 5 {
				second := d.member(t, fmt.Sprintf("second%d", n), record.Administrator)
				errs := make([]error, 2)
				var both sync.WaitGroup
				for i, who := range []record.ID{d.account, second} {
					both.Go(func() { errs[i] = goes(t.Context(), d, who) })
				}
				both.Wait()
				require.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v, %v", errs[0], errs[1])
				if errs[0] == nil {
					d.account = second // goes on as the administrator who stayed
				}
			}
			require.Equal(t, record.Conflict, record.CodeOf(goes(t.Context(), d, d.account)))
			d.verify(t)
		})
	}
	t.Run("two send each other away", func(t *testing.T) {
		d := newDesk(t)
		second := d.member(t, "second", record.Administrator)
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i, pair := range [][2]record.ID{{d.account, second}, {second, d.account}} {
			both.Go(func() { errs[i] = d.RevokeMember(t.Context(), as(pair[0]), d.subject.ID, pair[1]) })
		}
		both.Wait()
		require.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v, %v", errs[0], errs[1])
		d.verify(t)
	})
	t.Run("verify names an organization without one", func(t *testing.T) {
		d := newDesk(t)
		_, err := d.owner.NewRaw("UPDATE accounts SET role = 'reader' WHERE id = ?", d.account).Exec(t.Context())
		require.NoError(t, err)
		found, err := d.Verify(t.Context())
		require.NoError(t, err)
		require.Contains(t, found, storage.Disagreement{Invariant: "B08", ID: string(d.subject.ID), Fault: "an organization has no administrator who may log in"})
		_, err = d.owner.NewRaw("UPDATE accounts SET role = 'administrator' WHERE id = ?", d.account).Exec(t.Context())
		require.NoError(t, err)
		require.NoError(t, d.DisableAccount(t.Context(), record.Actor{Role: record.Supervisor, ID: d.boss}, d.account))
		d.verify(t)
	})
}

func TestB08_RolesCountInTheTransaction(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	handler, reader := d.member(t, "handler", record.Handler), d.member(t, "reader", record.Reader)
	submit := func(by record.Actor) record.Command {
		draft, err := d.Draft(ctx, d.subject.ID, d.profile)
		require.NoError(t, err)
		c := d.command(record.Submit, by)
		c.Draft = draft.Version
		return c
	}
	role := func(account record.ID, r record.MemberRole) {
		require.NoError(t, d.ChangeMember(ctx, d.applicant(), d.subject.ID, account, "成员", r))
	}
	_, err := d.Accept(ctx, submit(as(reader)))
	require.Equal(t, record.Forbidden, record.CodeOf(err), "who only reads submits nothing")

	t.Run("a role that is taken away counts for what was accepted before", func(t *testing.T) {
		c := submit(as(handler))
		_, err := d.Accept(ctx, c)
		require.NoError(t, err)
		role(handler, record.Reader)
		receipt, err := d.Accept(ctx, c)
		require.NoError(t, err, "what was accepted has its receipt")
		require.NotEmpty(t, receipt.Number)
		applied, err := d.Apply(ctx, d.profile, []record.ID{c.ID})
		require.NoError(t, err)
		require.Equal(t, record.RefusedNoAuthority, applied.Outcomes[0].Refusal)
		_, err = d.Accept(ctx, submit(as(handler)))
		require.Equal(t, record.Forbidden, record.CodeOf(err))
		role(handler, record.Handler)
	})
	t.Run("however the two meet, nothing is accepted after the role is gone", func(t *testing.T) {
		for range 10 {
			c := submit(as(handler))
			var both sync.WaitGroup
			var accepted error
			both.Go(func() { _, accepted = d.Accept(ctx, c) })
			both.Go(func() { role(handler, record.Reader) })
			both.Wait()
			late, err := d.Accept(ctx, submit(as(handler)))
			if accepted == nil {
				require.Equal(t, record.Forbidden, record.CodeOf(err), "%v", late)
				applied, err := d.Apply(ctx, d.profile, []record.ID{c.ID})
				require.NoError(t, err)
				require.Equal(t, record.RefusedNoAuthority, applied.Outcomes[0].Refusal)
			} else {
				require.Equal(t, record.Forbidden, record.CodeOf(accepted))
				require.Equal(t, record.Forbidden, record.CodeOf(err))
			}
			role(handler, record.Handler)
		}
	})
	t.Run("who was revoked is refused, and named in what they did", func(t *testing.T) {
		require.True(t, d.do(t, submit(as(handler))).Applied)
		_, token := login(t, d.Store, storage.NewSession{Account: handler})
		require.NoError(t, d.RevokeMember(ctx, d.applicant(), d.subject.ID, handler))
		require.True(t, ended(t, d.Store, token))
		_, err := d.StartSession(ctx, storage.NewSession{Token: tokenOf("revoked"), Account: handler, Assurance: record.ByPassword, Lifetime: lifetime})
		require.Equal(t, record.Forbidden, record.CodeOf(err))
		_, err = d.Accept(ctx, d.command(record.Withdraw, as(handler)))
		require.Equal(t, record.Forbidden, record.CodeOf(err))
		require.Equal(t, record.Conflict, record.CodeOf(d.EnableAccount(ctx, record.Actor{Role: record.Supervisor, ID: d.boss}, handler)), "for good")
		events, err := d.Events(ctx, d.profile)
		require.NoError(t, err)
		names, err := d.MemberNames(ctx, d.subject.ID)
		require.NoError(t, err)
		require.Equal(t, "成员", names[events[len(events)-1].Actor])
		require.Equal(t, record.ByPassword, events[len(events)-1].Assurance)
		versions, err := d.Versions(ctx, d.subject.ID, d.profile)
		require.NoError(t, err)
		require.Equal(t, handler, versions[0].Account)
	})
	t.Run("under the key a reader files: it is the organization's seal", func(t *testing.T) {
		key := as(reader)
		key.Assurance = record.ByCertificate
		_, err := d.Accept(ctx, d.command(record.Withdraw, key))
		require.NoError(t, err)
	})
	d.verify(t)
}

func TestB08_OnlyAdministratorsManage(t *testing.T) {
	d := newDesk(t)
	other := newDesk(t)
	ctx := t.Context()
	handler, reader := d.member(t, "handler", record.Handler), d.member(t, "reader", record.Reader)
	i, err := d.OpenInvitation(ctx, storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: tokenOf(string(storage.NewID()))}, Name: "李四", Role: record.Reader})
	require.NoError(t, err)
	require.NoError(t, d.AskToJoin(ctx, storage.NewJoin{Code: d.subject.Code, Token: tokenOf(string(storage.NewID()))}))
	requests, err := d.JoinRequests(ctx, d.subject.ID)
	require.NoError(t, err)
	do := map[string]func(by record.Actor, subject record.ID) error{
		"invite": func(by record.Actor, subject record.ID) error {
			_, err := d.OpenInvitation(ctx, storage.NewInvitation{Subject: subject, By: by, Link: storage.InvitationLink{Token: tokenOf(string(storage.NewID()))}, Name: "李四", Role: record.Reader})
			return err
		},
		"renew": func(by record.Actor, subject record.ID) error {
			_, err := d.RenewInvitation(ctx, by, subject, i.ID, storage.InvitationLink{Token: tokenOf(string(storage.NewID()))})
			return err
		},
		"take back": func(by record.Actor, subject record.ID) error { return d.RevokeInvitation(ctx, by, subject, i.ID) },
		"change": func(by record.Actor, subject record.ID) error {
			return d.ChangeMember(ctx, by, subject, reader, "x", record.Administrator)
		},
		"revoke": func(by record.Actor, subject record.ID) error { return d.RevokeMember(ctx, by, subject, d.account) },
		"end": func(by record.Actor, subject record.ID) error {
			return d.EndMemberSessions(ctx, by, subject, d.account)
		},
		"grant": func(by record.Actor, subject record.ID) error {
			return d.GrantJoin(ctx, by, subject, requests[0].ID, record.Administrator)
		},
		"refuse": func(by record.Actor, subject record.ID) error { return d.RefuseJoin(ctx, by, subject, requests[0].ID) },
		"export": func(by record.Actor, subject record.ID) error {
			_, err := d.RequestExport(ctx, by, subject)
			return err
		},
	}
	for what, try := range do {
		t.Run(what, func(t *testing.T) {
			for _, account := range []record.ID{handler, reader} {
				require.Equal(t, record.Forbidden, record.CodeOf(try(as(account), d.subject.ID)))
			}
			require.Equal(t, record.NotFound, record.CodeOf(try(other.applicant(), d.subject.ID)), "W17 an administrator of another subject")
			if what != "invite" && what != "export" {
				require.Equal(t, record.NotFound, record.CodeOf(try(other.applicant(), other.subject.ID)), "W17 its own, with ids of another")
			}
		})
	}
	t.Run("everybody may leave", func(t *testing.T) {
		require.NoError(t, d.RevokeMember(ctx, as(reader), d.subject.ID, reader))
		require.Equal(t, 1, d.eventsOf(t, storage.EventMemberLeft))
	})
	t.Run("a natural person has no members", func(t *testing.T) {
		person := register(t, d.Store, storage.Registration{Type: record.Person, Name: "欧阳某"})
		_, err := d.OpenInvitation(ctx, storage.NewInvitation{
			Subject: person.Subject.ID, By: as(person.Account), Link: storage.InvitationLink{Token: tokenOf(string(storage.NewID()))}, Name: "李四", Role: record.Reader,
		})
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	d.verify(t)
}

func TestB08_ARequestToJoinIsGrantedRefusedOrExpires(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	ask := func(code string) []byte {
		token := tokenOf(string(storage.NewID()))
		n := storage.NewJoin{Code: code, Token: token, Statement: storage.JoinStatement{Name: "赵六", Contact: "13812345678", Reason: "投标部"}}
		require.NoError(t, d.AskToJoin(ctx, n))
		require.NoError(t, d.AskToJoin(ctx, n), "the same form again")
		return token
	}
	stands := func(token []byte) storage.Join {
		j, err := d.JoinByToken(ctx, token)
		require.NoError(t, err)
		return j
	}
	requests := func() []storage.JoinRequest {
		all, err := d.JoinRequests(ctx, d.subject.ID)
		require.NoError(t, err)
		return all
	}
	t.Run("a code that nobody registered waits like any other", func(t *testing.T) {
		known, unknown := stands(ask(d.subject.Code)), stands(ask("91430100MA4L16JQ9B"))
		known.AskedAt, known.ExpiresAt = time.Time{}, time.Time{}
		unknown.AskedAt, unknown.ExpiresAt = time.Time{}, time.Time{}
		require.Equal(t, known, unknown)
		require.Equal(t, storage.Join{State: storage.JoinWaiting}, unknown)
		require.Len(t, requests(), 1)
		require.Equal(t, "13812345678", requests()[0].Statement.Contact)
		require.NoError(t, d.RefuseJoin(ctx, d.applicant(), d.subject.ID, requests()[0].ID))
	})
	t.Run("granted, and settled once", func(t *testing.T) {
		token := ask(d.subject.Code)
		_, err := d.SettleJoin(ctx, token, "zhao", "hash")
		require.Equal(t, record.NotFound, record.CodeOf(err), "not before it is granted")
		id := requests()[0].ID
		require.NoError(t, d.GrantJoin(ctx, d.applicant(), d.subject.ID, id, record.Handler))
		require.Equal(t, record.Conflict, record.CodeOf(d.RefuseJoin(ctx, d.applicant(), d.subject.ID, id)), "decided once")
		j := stands(token)
		require.Equal(t, storage.JoinGranted, j.State)
		require.Equal(t, d.subject.Name, j.Subject.Name)
		account, err := d.SettleJoin(ctx, token, "zhao", "hash")
		require.NoError(t, err)
		require.Equal(t, "赵六", d.listed(t, account).Name)
		require.Equal(t, record.Handler, d.listed(t, account).Role)
		require.Equal(t, storage.JoinSettled, stands(token).State)
		_, err = d.SettleJoin(ctx, token, "again", "hash")
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	t.Run("refused", func(t *testing.T) {
		token := ask(d.subject.Code)
		require.NoError(t, d.RefuseJoin(ctx, d.applicant(), d.subject.ID, requests()[0].ID))
		require.Equal(t, storage.JoinRefused, stands(token).State)
		require.Empty(t, stands(token).Subject, "nobody is named to who was turned away")
	})
	t.Run("over after two weeks, and swept a month later", func(t *testing.T) {
		token := ask(d.subject.Code)
		id := requests()[0].ID
		age := func(days int) {
			_, err := d.app.NewRaw("UPDATE member_requests SET expires_at = clock_timestamp() - ? * interval '1 day' WHERE token = ?", days, token).Exec(ctx)
			require.NoError(t, err)
		}
		age(0)
		require.Equal(t, storage.JoinExpired, stands(token).State)
		require.Empty(t, requests())
		require.Equal(t, record.Conflict, record.CodeOf(d.GrantJoin(ctx, d.applicant(), d.subject.ID, id, record.Handler)))
		_, err := d.SweepOffers(ctx)
		require.NoError(t, err)
		stands(token)
		age(31)
		swept, err := d.SweepOffers(ctx)
		require.NoError(t, err)
		require.NotZero(t, swept)
		_, err = d.JoinByToken(ctx, token)
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	d.verify(t)
}

func TestB08_S09_ATakeoverEndsInvitationsRequestsAndMembers(t *testing.T) {
	w := certificatetest.New(t, "", "")
	d := newDesk(t)
	ctx := t.Context()
	reader := d.member(t, "reader", record.Reader)
	invitation, asked, granted := tokenOf(string(storage.NewID())), tokenOf(string(storage.NewID())), tokenOf(string(storage.NewID()))
	_, err := d.OpenInvitation(ctx, storage.NewInvitation{Subject: d.subject.ID, By: d.applicant(), Link: storage.InvitationLink{Token: invitation}, Name: "李四", Role: record.Reader})
	require.NoError(t, err)
	for _, token := range [][]byte{granted, asked} {
		require.NoError(t, d.AskToJoin(ctx, storage.NewJoin{Code: d.subject.Code, Token: token}))
	}
	requests, err := d.JoinRequests(ctx, d.subject.ID)
	require.NoError(t, err)
	require.NoError(t, d.GrantJoin(ctx, d.applicant(), d.subject.ID, requests[0].ID, record.Administrator))
	grant, err := byKey(t, d, w.Issue(t, certificate.SM2, d.subject.Code), "")
	require.NoError(t, err)
	require.True(t, grant.TakenOver)
	require.True(t, d.listed(t, reader).Disabled)
	_, err = d.InvitationByToken(ctx, invitation)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	for _, token := range [][]byte{asked, granted} {
		j, err := d.JoinByToken(ctx, token)
		require.NoError(t, err)
		require.Equal(t, storage.JoinRefused, j.State)
		_, err = d.SettleJoin(ctx, token, "late", "hash")
		require.Equal(t, record.NotFound, record.CodeOf(err))
	}
	require.Equal(t, record.Administrator, d.listed(t, grant.Account).Role)
	d.verify(t)

	t.Run("a member whose key proves it becomes the administrator", func(t *testing.T) {
		d := newDesk(t)
		reader := d.member(t, "reader", record.Reader)
		grant, err := byKey(t, d, w.Issue(t, certificate.RSA, d.subject.Code), reader)
		require.NoError(t, err)
		require.Equal(t, reader, grant.Account)
		require.Equal(t, record.Administrator, d.listed(t, reader).Role)
		require.True(t, d.listed(t, d.account).Disabled)
		d.verify(t)
	})
}

func TestB08_AKeyWithoutAnAccountActsForAnAdministrator(t *testing.T) {
	w := certificatetest.New(t, "", "")
	d := newDesk(t)
	d.settle(t)
	boss := d.member(t, "boss", record.Administrator)
	reader := d.member(t, "reader", record.Reader)
	require.NoError(t, d.ChangeMember(t.Context(), d.applicant(), d.subject.ID, d.account, "王五", record.Handler))
	key := w.Issue(t, certificate.RSA, d.subject.Code)
	grant, err := byKey(t, d, key, "")
	require.NoError(t, err)
	require.Equal(t, boss, grant.Account, "the oldest administrator, not the oldest account")
	grant, err = byKey(t, d, key, reader)
	require.NoError(t, err)
	require.Equal(t, reader, grant.Account, "who holds both keeps the account")
	_, token := login(t, d.Store, storage.NewSession{Account: reader, Assurance: record.ByCertificate, Certificate: key.Certificate.SHA256()})
	session, err := d.Session(t.Context(), token, idle)
	require.NoError(t, err)
	require.Equal(t, record.Administrator, session.Member())
	_, token = login(t, d.Store, storage.NewSession{Account: reader})
	session, err = d.Session(t.Context(), token, idle)
	require.NoError(t, err)
	require.Equal(t, record.Reader, session.Member())
}

func TestB08_MembershipIsInTheHistoryAndToldToAdministrators(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	handler := d.member(t, "handler", record.Handler)
	require.NoError(t, d.ChangeMember(ctx, d.applicant(), d.subject.ID, handler, "成员", record.Reader))
	require.NoError(t, d.ChangeMember(ctx, d.applicant(), d.subject.ID, handler, "成员", record.Reader), "nothing changed")
	require.NoError(t, d.ChangeMember(ctx, d.applicant(), d.subject.ID, handler, "成员甲", record.Reader))
	_, token := login(t, d.Store, storage.NewSession{Account: handler})
	require.NoError(t, d.EndMemberSessions(ctx, d.applicant(), d.subject.ID, handler))
	require.True(t, ended(t, d.Store, token))
	require.NoError(t, d.RevokeMember(ctx, d.applicant(), d.subject.ID, handler))
	changes, err := d.MemberChanges(ctx, d.subject.ID, 10)
	require.NoError(t, err)
	var types []string
	for _, c := range changes {
		types = append(types, c.Type)
	}
	require.Equal(t, []string{
		storage.EventMemberRevoked, storage.EventMemberSessionsEnded, storage.EventMemberRenamed, storage.EventMemberChanged, storage.EventMemberJoined, storage.EventMemberInvited,
	}, types)
	require.Equal(t, storage.MemberChange{
		At: changes[3].At, Type: storage.EventMemberChanged, Actor: d.account, Account: handler, Before: record.Handler, Role: record.Reader,
	}, changes[3])
	require.Equal(t, handler, changes[4].Actor, "who joined did it")
	told, err := d.NotificationsFor(ctx, d.subject.ID, record.Administrator, "", 20)
	require.NoError(t, err)
	require.Len(t, told, 6)
	told, err = d.NotificationsFor(ctx, d.subject.ID, record.Handler, "", 20)
	require.NoError(t, err)
	require.Empty(t, told)
	unread, err := d.UnreadNotifications(ctx, d.subject.ID, record.Reader)
	require.NoError(t, err)
	require.Zero(t, unread)
	require.NoError(t, d.ReadAllNotifications(ctx, d.subject.ID, record.Handler))
	unread, err = d.UnreadNotifications(ctx, d.subject.ID, record.Administrator)
	require.NoError(t, err)
	require.Equal(t, 6, unread, "nobody marks as read what they do not see")
	d.verify(t)
}
