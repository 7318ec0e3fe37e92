package storage_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// reviewed tells which kinds staff review where the property test is at home:
// awards count at once.
func reviewed(kind record.Kind) bool { return kind != record.Award }

// content is what a drawn document holds: which of two things it is about, and
// a word that makes no difference to anybody.
type content struct{ about, word int }

// life is one record as the lifecycle table and the rules beside it say that it
// must be.
type life struct {
	kind      record.Kind
	owner     int // of the firms
	id        record.ID
	exists    bool
	state     record.State
	revision  int
	versions  []content // version 1 first
	inForce   int
	submitted int
	draft     *content
	held      record.ID // who holds the review
	given     record.ID // whose the review is to be: who returned it, or approved what was sent back
	returned  record.ID // who returned the filing last
	first     record.ID // who approved it last, before its second review
}

// hall is what the property test draws its steps in.
type hall struct {
	firms  []*firm
	files  []form.File
	people [2]string // numbers of this run, which both firms may file
	run    int
	lives  []*life
	// profiles are the 基本信息 of the firms: a firm has one, which lives on from
	// one drawn sequence to the next.
	profiles []*life
}

// document is a drawn document of a kind.
func (h *hall) document(l *life, c content) record.Document {
	file, word := h.files[l.owner], fmt.Sprint(c.word)
	switch l.kind {
	case record.OrganizationProfile:
		owner := h.firms[l.owner].subject
		d := sample.Organization(owner.Code, owner.Name, file)
		d.Representative.Name = fmt.Sprintf("陈明远%d", c.about)
		d.Address += word
		return d
	case record.Qualification:
		d := sample.Qualification(fmt.Sprintf("R%d-%d", h.run, c.about), file)
		d.Issuer += word
		return d
	case record.Performance:
		d := sample.Performance(fmt.Sprintf("项目 %d-%d", h.run, c.about), form.Reference{ID: "p", Name: "周予安"}, file)
		d.Location += word
		return d
	case record.Practitioner:
		d := sample.Practitioner(h.people[c.about], "周予安", file)
		d.Position += word
		return d
	default:
		d := sample.Award(fmt.Sprintf("奖 %d-%d", h.run, c.about), file)
		d.Rank += word
		return d
	}
}

// key tells that the contents differ in a field that takes two reviewers.
func (l *life) key(a, b content) bool { return l.kind != record.Award && a.about != b.about }

// taken is the refusal of a content that something else in force excludes.
func (h *hall) taken(l *life, c content) record.Refusal {
	for _, o := range h.lives {
		if o == l || o.kind != l.kind || o.state.Standing != record.InForce || o.versions[o.inForce-1].about != c.about {
			continue
		}
		switch {
		case l.kind == record.Practitioner:
			return record.RefusedEmployed
		case l.kind == record.Qualification && l.owner == o.owner:
			return record.RefusedDuplicate
		}
	}
	return ""
}

// who is somebody who gives a command.
type who struct {
	actor   record.Actor
	subject record.ID // "" for staff and the clock
}

func (h *hall) everybody() []who {
	var all []who
	for _, f := range h.firms {
		all = append(all, who{f.byKey(), f.subject.ID}, who{f.applicant(), f.subject.ID})
	}
	d := h.firms[0].desk
	return append(all, who{actor: reviewer(d.first)}, who{actor: by(record.Confirmer, d.second)}, who{actor: record.Actor{Role: record.Supervisor, ID: d.boss}},
		who{actor: record.Actor{Role: record.Clock}})
}

// acceptance is what Accept must answer, "" for a receipt.
func (h *hall) acceptance(l *life, c record.Command) record.Code {
	own := c.Actor.Role != record.Applicant || c.Subject == h.firms[l.owner].subject.ID
	transition, _ := record.TransitionOf(c.Move)
	switch {
	case c.Move == record.Submit && (!own || l.draft == nil):
		return record.NotFound
	case c.Move == record.Submit:
		return ""
	case !l.exists || !own:
		return record.NotFound
	case !transition.May(c.Actor.Role):
		return record.Forbidden
	case transition.Reason && c.Reason == "":
		return record.Invalid
	case transition.Decides() && (!l.open() || l.barred(c.Actor) != ""):
		return record.Conflict
	case !slices.Contains(transition.From, l.state) || transition.Guard != nil && !transition.Guard(record.Facts{Kind: l.kind, NeedsReview: reviewed(l.kind)}):
		return record.Conflict
	}
	return ""
}

func (l *life) open() bool {
	return l.state.Filing == record.UnderReview || l.state.Filing == record.SecondReview
}

// barred is why a member of the staff may not work on the open review, "" for no
// reason.
func (l *life) barred(a record.Actor) record.Refusal {
	second := l.state.Filing == record.SecondReview
	switch {
	case second && !a.Role.Covers(record.Confirmer):
		return record.RefusedNoAuthority
	case second && l.first == a.ID:
		return record.RefusedSamePerson
	case l.held != "" && l.held != a.ID:
		return record.RefusedNotClaimed
	case l.given != "" && l.given != a.ID:
		return record.RefusedAssigned
	}
	return ""
}

// outcome is what Apply must answer to an accepted command: the refusal, or ""
// and the state that it leads to.
func (h *hall) outcome(l *life, c record.Command) (record.State, record.Refusal) {
	transition, _ := record.TransitionOf(c.Move)
	if definition, _ := record.DefinitionOf(l.kind); definition.Certificate && transition.LikeSubmit && c.Actor.Assurance != record.ByCertificate {
		return l.state, record.RefusedAssurance
	}
	facts := record.Facts{Kind: l.kind, NeedsReview: reviewed(l.kind), Claimed: l.held != "", FirstVersion: l.inForce == 0}
	facts.NeedsSecond = c.Move == record.Approve && l.inForce > 0 && l.submitted > 0 && l.key(l.versions[l.inForce-1], l.versions[l.submitted-1])
	next, ok := record.Next(l.state, c.Move, c.Actor.Role, facts)
	switch {
	case !ok:
		return l.state, record.RefusedState
	case c.Expected != 0 && c.Expected != l.revision:
		return l.state, record.RefusedVersion
	case transition.Decides() && l.barred(c.Actor) != "":
		return l.state, l.barred(c.Actor)
	}
	counts := map[record.Move]func() content{
		record.Submit:  func() content { return *l.draft },
		record.Restore: func() content { return l.versions[l.inForce-1] },
		record.Approve: func() content { return l.versions[l.submitted-1] },
		record.Confirm: func() content { return l.versions[l.submitted-1] },
	}[c.Move]
	if counts != nil && (c.Move == record.Submit || next.Standing == record.InForce && next.Filing == record.NothingFiled) {
		if refusal := h.taken(l, counts()); refusal != "" {
			return l.state, refusal
		}
	}
	return next, ""
}

// take brings the model to where an applied command leads.
func (l *life) take(c record.Command, next record.State) {
	l.exists = true
	l.revision++
	l.given = ""
	switch {
	case c.Move == record.Submit && l.state.Filing == record.Returned && !next.AtRest():
		l.given = l.returned
	case c.Move == record.Reject:
		l.given = l.first
	}
	switch c.Move {
	case record.Submit:
		l.versions = append(l.versions, *l.draft)
		l.submitted, l.draft = len(l.versions), nil
		if next.AtRest() {
			l.inForce = l.submitted
		}
	case record.Reopen:
		l.submitted = l.inForce
	case record.Return, record.Withdraw:
		if c.Move == record.Return {
			l.returned = c.Actor.ID
		}
		if l.draft == nil {
			back := l.versions[l.submitted-1]
			l.draft = &back
		}
	case record.Discard:
		if l.state.Standing == record.InForce {
			l.draft = nil
		}
	case record.Approve, record.Confirm:
		if next.Filing == record.NothingFiled {
			l.inForce = l.submitted
		}
		if c.Move == record.Approve {
			l.first = c.Actor.ID
		}
	default:
	}
	if next.AtRest() {
		l.submitted = 0
	}
	l.state, l.held = next, "" // every move ends the review that was open
}

// shown is the content by which lists know the record, nil for none.
func (l *life) shown() *content {
	switch {
	case l.inForce > 0:
		return &l.versions[l.inForce-1]
	case l.submitted > 0:
		return &l.versions[l.submitted-1]
	}
	return l.draft
}

// agrees compares a record with its model, and sees that nobody else reads it.
func (h *hall) agrees(ctx context.Context, t *rapid.T, l *life) {
	f, stranger := h.firms[l.owner], h.firms[1-l.owner].subject.ID
	found, err := f.Record(ctx, f.subject.ID, l.id)
	if !l.exists {
		require.Equal(t, record.NotFound, record.CodeOf(err))
	} else {
		require.NoError(t, err)
		got := life{
			kind: found.Kind, owner: l.owner, id: found.ID, exists: true, state: found.State, revision: found.Revision, versions: l.versions,
			inForce: found.InForce, submitted: found.Submitted, draft: l.draft, held: found.Claimed,
			given: l.given, returned: l.returned, first: l.first,
		}
		require.Equal(t, *l, got)
	}
	versions, err := f.Versions(ctx, f.subject.ID, l.id)
	require.NoError(t, err)
	require.Len(t, versions, len(l.versions))
	for i, v := range versions {
		require.Equal(t, len(versions)-i, v.No, "gapless")
	}
	_, err = f.Draft(ctx, f.subject.ID, l.id)
	require.Equal(t, l.draft == nil, record.CodeOf(err) == record.NotFound, "draft")

	page, err := f.List(ctx, storage.ListQuery{Subject: f.subject.ID, Kind: l.kind, Limit: 10_000})
	require.NoError(t, err)
	at := slices.IndexFunc(page.Lines, func(line storage.Listing) bool { return line.Record == l.id })
	if shown := l.shown(); shown == nil || l.kind.Profile() {
		require.Negative(t, at, "the list")
	} else {
		require.GreaterOrEqual(t, at, 0, "the list")
		require.Equal(t, h.document(l, *shown).(record.Listed).Listing().Cells, page.Lines[at].Cells)
		require.Equal(t, l.state, page.Lines[at].State)
		require.Equal(t, l.draft != nil, page.Lines[at].Draft)
	}
	h.discloses(ctx, t, l)
	for _, read := range []func() error{
		func() error { _, err := f.Record(ctx, stranger, l.id); return err },
		func() error { _, err := f.Version(ctx, stranger, l.id, 1); return err },
		func() error { _, err := f.Draft(ctx, stranger, l.id); return err },
	} {
		require.Equal(t, record.NotFound, record.CodeOf(read()), "I9")
	}
}

// command draws a command.
func (h *hall) command(ctx context.Context, t *rapid.T, l *life) {
	by := rapid.SampledFrom(h.everybody()).Draw(t, "by")
	move := rapid.SampledFrom(record.Moves()).Draw(t, "move")
	// Most steps are to lead somewhere.
	if steps := h.effective(l); len(steps) > 0 && rapid.IntRange(0, 3).Draw(t, "any") > 0 {
		step := rapid.SampledFrom(steps).Draw(t, "effective")
		by, move = step.who, step.move
	}
	if move == record.Submit && by.actor.Role != record.Applicant {
		return
	}
	c := record.Command{Subject: by.subject, Actor: by.actor, Move: move}
	c.Reason = rapid.SampledFrom([]string{"原因", "原因", "原因", ""}).Draw(t, "reason")
	c.Expected = rapid.SampledFrom([]int{0, 0, l.revision, l.revision + 1}).Draw(t, "expected")
	h.give(ctx, t, l, c)
}

// give accepts and applies a command, and holds what becomes of it against the
// model.
func (h *hall) give(ctx context.Context, t *rapid.T, l *life, c record.Command) {
	f := h.firms[l.owner]
	c.ID, c.Record = storage.NewID(), l.id
	if c.Move == record.Submit && l.draft != nil {
		draft, err := f.Draft(ctx, f.subject.ID, l.id)
		require.NoError(t, err)
		c.Draft = draft.Version
		c.Digest, _, err = f.DraftDigest(ctx, f.subject.ID, l.id, draft.Version)
		require.NoError(t, err)
		c.Signature = []byte("signature")
	}
	_, err := f.Accept(ctx, c)
	require.Equal(t, h.acceptance(l, c), record.CodeOf(err), "accept %s from %v by %s: %v", c.Move, l.state, c.Actor.Role, err)
	if err != nil {
		return
	}
	if transition, _ := record.TransitionOf(c.Move); transition.Decides() {
		l.held = c.Actor.ID // whatever becomes of it
	}
	next, refusal := h.outcome(l, c)
	applied, err := f.Apply(ctx, l.id, []record.ID{c.ID})
	require.NoError(t, err)
	require.Len(t, applied.Outcomes, 1)
	out := applied.Outcomes[0]
	require.Equal(t, refusal, out.Refusal, "%s from %v by %s", c.Move, l.state, c.Actor.Role)
	require.Equal(t, refusal == "", out.Applied)
	require.Equal(t, next, out.State)
	if out.Applied {
		l.take(c, next)
	}
}

// step is a move by somebody.
type step struct {
	who  who
	move record.Move
}

// effective are the steps that take effect on a record, by the model.
func (h *hall) effective(l *life) []step {
	var all []step
	for _, by := range h.everybody() {
		for _, move := range record.Moves() {
			c := record.Command{Subject: by.subject, Actor: by.actor, Move: move, Reason: "原因"}
			if h.acceptance(l, c) != "" || move == record.Submit && by.actor.Role != record.Applicant {
				continue
			}
			if _, refusal := h.outcome(l, c); refusal == "" {
				all = append(all, step{by, move})
			}
		}
	}
	return all
}

// write draws a step on the draft of a record.
func (h *hall) write(ctx context.Context, t *rapid.T, l *life) {
	f := h.firms[l.owner]
	switch rapid.SampledFrom([]string{"change", "change", "save", "save", "drop"}).Draw(t, "write") {
	case "change":
		err := f.StartChange(ctx, f.account, f.subject.ID, l.id, "变更")
		switch {
		case !l.exists:
			require.Equal(t, record.NotFound, record.CodeOf(err))
		case l.state != settled:
			require.Equal(t, record.Conflict, record.CodeOf(err))
		default:
			require.NoError(t, err)
			if l.draft == nil {
				base := l.versions[l.inForce-1]
				l.draft = &base
			}
		}
	case "save":
		draft, err := f.Draft(ctx, f.subject.ID, l.id)
		if l.draft == nil {
			require.Equal(t, record.NotFound, record.CodeOf(err))
			return
		}
		require.NoError(t, err)
		c := drawContent(t)
		_, err = f.SaveDraft(ctx, f.subject.ID, l.id, draft.Version, h.document(l, c))
		require.NoError(t, err)
		l.draft = &c
	case "drop":
		if l.kind.Profile() && l.inForce == 0 {
			return // it would be opened anew, and this test opens none
		}
		err := f.DropDraft(ctx, f.subject.ID, l.id)
		require.Equal(t, l.draft == nil, record.CodeOf(err) == record.Conflict, err)
		l.draft = nil
	}
}

func drawContent(t *rapid.T) content {
	return content{rapid.IntRange(0, 1).Draw(t, "about"), rapid.IntRange(0, 9).Draw(t, "word")}
}

// claim draws a step on the review of a record.
func (h *hall) claim(ctx context.Context, t *rapid.T, l *life) {
	f := h.firms[0]
	id, err := f.ReviewOf(ctx, l.id)
	if record.CodeOf(err) == record.NotFound {
		return
	}
	require.NoError(t, err)
	staff := rapid.SampledFrom([]record.ID{f.first, f.second}).Draw(t, "staff")
	open := l.open()
	if rapid.Bool().Draw(t, "release") {
		done, err := f.ReleaseClaim(ctx, staff, id)
		require.NoError(t, err)
		require.Equal(t, open && (l.held == staff || l.held == "" && l.given == staff), done)
		if done {
			l.held, l.given = "", ""
		}
		return
	}
	member := map[record.ID]record.Actor{f.first: reviewer(f.first), f.second: by(record.Confirmer, f.second)}[staff]
	refusal := l.barred(member)
	done, err := f.Claim(ctx, staff, id)
	if open && (refusal == record.RefusedNoAuthority || refusal == record.RefusedSamePerson) {
		require.Equal(t, record.Forbidden, record.CodeOf(err))
		return
	}
	require.NoError(t, err)
	require.Equal(t, open && refusal == "", done)
	if done {
		l.held = staff
	}
}

// newHall is two firms with their 基本信息 written, whose awards count at once.
func newHall(t *testing.T) *hall {
	t.Helper()
	w := certificatetest.New(t, "", "")
	h := &hall{firms: []*firm{newFirm(t, w), newFirm(t, w)}}
	policy := storagetest.Policy()
	policy.Review = map[record.Kind]record.ReviewMode{record.Award: record.ReviewAutomatic}
	for _, f := range h.firms {
		f.Store = storage.New(f.app, storagetest.Keys(), policy)
		h.files = append(h.files, f.file(t))
	}
	for i, f := range h.firms {
		l := &life{
			owner: i, kind: record.OrganizationProfile, id: f.profile, draft: &content{},
			state: record.State{Standing: record.NotInForce, Filing: record.NothingFiled},
		}
		f.write(t, f.profile, h.document(l, *l.draft))
		h.profiles = append(h.profiles, l)
	}
	return h
}

// begin draws the records of a sequence, some of them filed before.
func (h *hall) begin(ctx context.Context, t *rapid.T) {
	h.run++
	h.lives = nil
	h.people = [2]string{sample.ResidentID(freshNumber()), sample.ResidentID(freshNumber())}
	for i := range rapid.IntRange(1, 3).Draw(t, "records") {
		l := &life{
			owner: rapid.IntRange(0, 1).Draw(t, "owner"), kind: rapid.SampledFrom(filedByKey).Draw(t, "kind"),
			state: record.State{Standing: record.NotInForce, Filing: record.NothingFiled},
		}
		if i > 0 && rapid.Bool().Draw(t, "alike") {
			l.kind = h.lives[0].kind
		}
		f, c := h.firms[l.owner], drawContent(t)
		var err error
		l.id, err = f.StartDraft(ctx, f.account, f.subject, l.kind)
		require.NoError(t, err)
		_, err = f.SaveDraft(ctx, f.subject.ID, l.id, 1, h.document(l, c))
		require.NoError(t, err)
		l.draft = &c
		h.lives = append(h.lives, l)
		if rapid.Bool().Draw(t, "filed before") {
			h.give(ctx, t, l, record.Command{Subject: f.subject.ID, Actor: f.byKey(), Move: record.Submit})
			if reviewed(l.kind) {
				h.give(ctx, t, l, record.Command{Actor: reviewer(f.first), Move: record.Approve})
			}
		}
	}
	if rapid.Bool().Draw(t, "a profile, too") {
		h.lives = append(h.lives, rapid.SampledFrom(h.profiles).Draw(t, "profile"))
	}
}

// step draws one step on one of the records, which it returns.
func (h *hall) step(ctx context.Context, t *rapid.T) *life {
	l := rapid.SampledFrom(h.lives).Draw(t, "record")
	switch rapid.IntRange(0, 6).Draw(t, "step") {
	case 0:
		h.write(ctx, t, l)
	case 1:
		h.claim(ctx, t, l)
	default:
		h.command(ctx, t, l)
	}
	return l
}

// Any sequence of moves by anybody on documents of every kind leads where the
// lifecycle table and the rules beside it lead, through Accept and Apply on a
// real database: with the right refusals, without a gap in the versions, with
// lists that agree, and nothing of one subject readable by another.
func TestW21_AnySequenceOfMovesFollowsTheTable(t *testing.T) {
	h, ctx := newHall(t), t.Context()
	rapid.Check(t, func(t *rapid.T) {
		h.begin(ctx, t)
		for range rapid.IntRange(5, 30).Draw(t, "steps") {
			h.agrees(ctx, t, h.step(ctx, t))
		}
	})
	h.firms[0].verify(t)
}
