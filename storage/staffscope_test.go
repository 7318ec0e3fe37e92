package storage_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

func (d *desk) supervisor() record.Actor { return record.Actor{Role: record.Supervisor, ID: d.boss} }

// handed is how work went from one to another on the desk's profile.
func (d *desk) handed(t testing.TB) []struct{ By, Taken, Note string } {
	t.Helper()
	var rows []struct{ By, Taken, Note string }
	err := d.app.NewRaw(`SELECT coalesce(by::text, '') AS by, coalesce(taken::text, '') AS taken, note
		FROM review_handovers WHERE record = ? AND given IS NULL ORDER BY at, id`, d.profile).Scan(t.Context(), &rows)
	require.NoError(t, err)
	return rows
}

// held opens a review of the desk's profile from that region and gives it to a
// member.
func (d *desk) held(t testing.TB, region string, staff record.ID) record.ID {
	t.Helper()
	require.True(t, d.submit(t).Applied)
	task, err := d.ReviewOf(t.Context(), d.profile)
	require.NoError(t, err)
	claimed, err := d.Claim(t.Context(), staff, task)
	require.NoError(t, err)
	require.True(t, claimed)
	_, err = d.owner.NewRaw("UPDATE review_tasks SET region = ?, assigned_to = ?, assigned_by = ? WHERE id = ?", region, staff, d.boss, task).Exec(t.Context())
	require.NoError(t, err)
	return task
}

func (d *desk) load(t testing.TB, staff record.ID) storage.StaffLoad {
	t.Helper()
	loads, err := d.StaffLoads(t.Context())
	require.NoError(t, err)
	return loads[staff]
}

// A scope that is being narrowed while a member takes work counts: the claim, the
// decision and the handover wait for the change, and find what it left.
func TestW20_WorkTakenWhileAScopeIsNarrowedWaitsForIt(t *testing.T) {
	for name, take := range map[string]func(*desk) error{
		"claim": func(d *desk) error { _, err := d.Claim(t.Context(), d.first, d.review(t)); return err },
		"decide": func(d *desk) error {
			_, err := d.Accept(t.Context(), d.command(record.Approve, reviewer(d.first)))
			return err
		},
		"hand over": func(d *desk) error { return d.Assign(t.Context(), d.supervisor(), d.review(t), d.first, "") },
		"next": func(d *desk) error {
			f := storage.QueueFilter{Text: d.subject.Code}
			task, err := d.ClaimNext(t.Context(), d.first, f, "")
			if err == nil && task == "" {
				return record.Errorf(record.Forbidden, "nothing")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			require.True(t, d.submit(t).Applied)
			edit, err := d.owner.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer func() { _ = edit.Rollback() }() // it is committed below
			var change string                      // its transaction
			require.NoError(t, edit.NewRaw("UPDATE staff SET regions = '{44}' WHERE id = ? RETURNING pg_current_xact_id()::xid::text", d.first).
				Scan(t.Context(), &change))
			var taken error
			done := make(chan struct{})
			go func() { defer close(done); taken = take(d) }()
			require.Eventually(t, func() bool {
				select {
				case <-done:
					return true
				default:
				}
				var waits bool
				require.NoError(t, d.owner.NewRaw("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid::text = ?)", change).
					Scan(t.Context(), &waits))
				return waits
			}, 10*time.Second, 5*time.Millisecond)
			require.NoError(t, edit.Commit())
			<-done
			require.Contains(t, []record.Code{record.Forbidden, record.Conflict}, record.CodeOf(taken), "%v", taken)
			require.Empty(t, d.task(t, d.boss).Task.Holder())
		})
	}
}

func TestB18StaffHaveAScope(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, err := d.AddStaff(ctx, d.supervisor(), storage.NewStaff{
		Login: string(storage.NewID()), Name: "周婧", Role: record.Confirmer, Regions: []string{"430104", "430100", "440000"},
		Kinds: []record.Kind{record.Award, record.Qualification}, Identity: sample.ResidentID(31), Password: "hash", Secret: "secret",
	})
	require.NoError(t, err)
	m, err := d.Staff(ctx, id)
	require.NoError(t, err)
	want := record.Scope{Role: record.Confirmer, Regions: []string{"4301", "44"}, Kinds: []record.Kind{record.Qualification, record.Award}}
	require.Equal(t, want, m.Scope())
	require.Equal(t, 1, m.Revision)
	require.Zero(t, m.LoggedInAt)

	t.Run("everything at once, against what the editor saw", func(t *testing.T) {
		scope := record.Scope{Role: record.Reviewer, Regions: []string{"430000"}}
		require.NoError(t, d.EditStaff(ctx, d.supervisor(), id, storage.StaffEdit{Name: " 周 婧 ", Scope: &scope, Revision: 1}))
		m, err := d.Staff(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "周 婧", m.Name)
		require.Equal(t, record.Scope{Role: record.Reviewer, Regions: []string{"43"}, Kinds: []record.Kind{}}, m.Scope())
		require.Equal(t, 2, m.Revision)
		err = d.EditStaff(ctx, d.supervisor(), id, storage.StaffEdit{Name: "另一人", Revision: 1})
		require.Equal(t, record.Conflict, record.CodeOf(err))
	})
	t.Run("what changes nothing leaves nothing behind", func(t *testing.T) {
		before := d.staffEvents(t, id)
		require.NoError(t, d.EditStaff(ctx, d.supervisor(), id, storage.StaffEdit{Name: "周 婧"}))
		require.NoError(t, d.SetStaffScope(ctx, d.supervisor(), id, record.Reviewer, []string{"43", "4301"}, nil))
		require.NoError(t, d.EnableStaff(ctx, d.supervisor(), id))
		require.NoError(t, d.SetAbsent(ctx, d.supervisor(), id, false))
		require.Equal(t, before, d.staffEvents(t, id))
	})
	t.Run("wrong scopes", func(t *testing.T) {
		for name, err := range map[string]error{
			"role":   d.SetStaffScope(ctx, d.supervisor(), id, record.Applicant, nil, nil),
			"region": d.SetStaffScope(ctx, d.supervisor(), id, record.Reviewer, []string{"99"}, nil),
			"kind":   d.SetStaffScope(ctx, d.supervisor(), id, record.Reviewer, nil, []record.Kind{"licence"}),
		} {
			require.Equal(t, record.Invalid, record.CodeOf(err), name)
		}
		require.Equal(t, record.NotFound, record.CodeOf(d.SetStaffScope(ctx, d.supervisor(), storage.NewID(), record.Reviewer, nil, nil)))
	})
	t.Run("I2 events tell before and after, without names", func(t *testing.T) {
		var data string
		require.NoError(t, d.app.NewRaw(`SELECT data::text FROM events WHERE type = 'staff_changed' AND data->>'staff' = ?`, id).Scan(ctx, &data))
		require.JSONEq(t, `{"staff": "`+string(id)+`", "renamed": true, "before_role": "confirmer", "before_regions": ["4301", "44"],
			"before_kinds": ["qualification", "award"], "role": "reviewer", "regions": ["43"], "kinds": []}`, data)
	})
	t.Run("away and here again", func(t *testing.T) {
		require.NoError(t, d.SetAbsent(ctx, d.supervisor(), id, true))
		m, err := d.Staff(ctx, id)
		require.NoError(t, err)
		require.False(t, m.AbsentSince.IsZero())
		require.NoError(t, d.SetAbsent(ctx, d.supervisor(), id, false))
		m, err = d.Staff(ctx, id)
		require.NoError(t, err)
		require.True(t, m.AbsentSince.IsZero())
	})
	t.Run("a login with both factors is remembered", func(t *testing.T) {
		login(t, d.Store, storage.NewSession{Staff: id})
		m, err := d.Staff(ctx, id)
		require.NoError(t, err)
		require.Zero(t, m.LoggedInAt)
		login(t, d.Store, storage.NewSession{Staff: id, SecondFactor: true})
		m, err = d.Staff(ctx, id)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), m.LoggedInAt, time.Minute)
	})
	d.verify(t)
}

// staffEvents are the types of what happened to a member.
func (d *desk) staffEvents(t testing.TB, id record.ID) string {
	t.Helper()
	var types []string
	err := d.app.NewRaw(`SELECT type FROM events WHERE chain = '00000000-0000-0000-0000-000000000000' AND data->>'staff' = ? ORDER BY no`, id).Scan(t.Context(), &types)
	require.NoError(t, err)
	return strings.Join(types, " ")
}

func TestB18W20ANarrowedScopeFreesWhatIsOutsideOfIt(t *testing.T) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		region string
		change func(*desk) error
		stays  bool
	}{
		"another region": {"430104", func(d *desk) error {
			return d.SetStaffScope(ctx, d.supervisor(), d.first, record.Reviewer, []string{"44"}, nil)
		}, false},
		"the same region": {"430104", func(d *desk) error {
			return d.SetStaffScope(ctx, d.supervisor(), d.first, record.Reviewer, []string{"4301"}, nil)
		}, true},
		"no region is everybody's": {"", func(d *desk) error {
			return d.SetStaffScope(ctx, d.supervisor(), d.first, record.Reviewer, []string{"44"}, nil)
		}, true},
		"another kind": {"430104", func(d *desk) error {
			return d.SetStaffScope(ctx, d.supervisor(), d.first, record.Reviewer, nil, []record.Kind{record.Award})
		}, false},
		"another name": {"430104", func(d *desk) error {
			return d.EditStaff(ctx, d.supervisor(), d.first, storage.StaffEdit{Name: "周静"})
		}, true},
		"absence": {"430104", func(d *desk) error { return d.SetAbsent(ctx, d.supervisor(), d.first, true) }, true},
		"no account any more": {"430104", func(d *desk) error {
			return d.DisableStaff(ctx, d.supervisor(), d.first)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			task := d.held(t, c.region, d.first)
			require.Equal(t, storage.StaffLoad{Claimed: 1}, d.load(t, d.first))
			require.NoError(t, c.change(d))
			if c.stays {
				require.Equal(t, storage.StaffLoad{Claimed: 1}, d.load(t, d.first))
				require.Empty(t, d.handed(t))
				return
			}
			require.Zero(t, d.load(t, d.first))
			handed := d.handed(t)
			require.Len(t, handed, 1)
			require.Equal(t, []string{string(d.boss), string(d.first)}, []string{handed[0].By, handed[0].Taken})
			require.NotEmpty(t, handed[0].Note)
			claimed, err := d.Claim(ctx, d.second, task)
			require.NoError(t, err)
			require.True(t, claimed, "free for others at once")
		})
	}
}

// Who was a confirmer and is none any more gives second reviews back, and what
// had run out before is taken without a word.
func TestB18W20WhoMayNoLongerConfirmGivesSecondReviewsBack(t *testing.T) {
	d := newDesk(t)
	task := d.held(t, "430104", d.second)
	_, err := d.owner.NewRaw("UPDATE review_tasks SET stage = 'second' WHERE id = ?", task).Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, d.SetStaffScope(t.Context(), d.supervisor(), d.second, record.Reviewer, nil, nil))
	require.Zero(t, d.load(t, d.second))
	require.Len(t, d.handed(t), 1)

	other := newDesk(t)
	task = other.held(t, "430104", other.first)
	_, err = other.owner.NewRaw(`UPDATE review_tasks SET claimed_until = now() - interval '1 minute', assigned_until = now() - interval '1 minute'
		WHERE id = ?`, task).Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, other.DisableStaff(t.Context(), other.supervisor(), other.first))
	require.Empty(t, other.handed(t))
}

func TestB18NobodyChangesTheirOwnRights(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	self := d.supervisor()
	for name, err := range map[string]error{
		"role":    d.SetStaffScope(ctx, self, d.boss, record.Reviewer, nil, nil),
		"regions": d.SetStaffScope(ctx, self, d.boss, record.Supervisor, []string{"43"}, nil),
		"disable": d.DisableStaff(ctx, self, d.boss),
	} {
		require.Equal(t, record.Forbidden, record.CodeOf(err), name)
	}
	require.NoError(t, d.EditStaff(ctx, self, d.boss, storage.StaffEdit{Name: "郑明"}))
}

func TestW19OnlySupervisorsChangeStaff(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	disabled := d.staff(t, record.Supervisor, sample.ResidentID(41))
	require.NoError(t, d.DisableStaff(ctx, d.supervisor(), disabled))
	for _, by := range []record.ID{d.first, d.second, disabled, storage.NewID()} {
		actor := record.Actor{Role: record.Supervisor, ID: by} // whatever the session says
		for name, err := range map[string]error{
			"edit":    d.EditStaff(ctx, actor, d.boss, storage.StaffEdit{Name: "某"}),
			"scope":   d.SetStaffScope(ctx, actor, d.boss, record.Reviewer, nil, nil),
			"disable": d.DisableStaff(ctx, actor, d.boss),
			"enable":  d.EnableStaff(ctx, actor, d.boss),
			"absent":  d.SetAbsent(ctx, actor, d.boss, true),
			"reset":   d.SetStaffPassword(ctx, actor, d.boss, "hash", ""),
			"factor":  d.ResetSecondFactor(ctx, actor, d.boss, "secret"),
		} {
			require.Equal(t, record.Forbidden, record.CodeOf(err), name)
		}
	}
}

// Two supervisors who take the role from each other at the same time: one wins,
// and one is left. Alone, nobody takes it from the last one, not even the
// command line.
func TestB18TheLastSupervisorStays(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	ctx := t.Context()
	other := d.staff(t, record.Supervisor, sample.ResidentID(51))
	actors := map[record.ID]record.ID{d.boss: other, other: d.boss}
	var race sync.WaitGroup
	var mu sync.Mutex
	answers := map[record.Code]int{} // "" where nothing was refused
	for by, whom := range actors {
		race.Go(func() {
			err := d.SetStaffScope(ctx, record.Actor{Role: record.Supervisor, ID: by}, whom, record.Reviewer, nil, nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				require.NotEmpty(t, record.CodeOf(err), err)
			}
			answers[record.CodeOf(err)]++
		})
	}
	race.Wait()
	require.Equal(t, map[record.Code]int{"": 1, record.Forbidden: 1}, answers)

	var last record.ID
	require.NoError(t, d.app.NewRaw("SELECT id FROM staff WHERE role = 'supervisor'").Scan(ctx, &last))
	for name, err := range map[string]error{
		"disabled": d.DisableStaff(ctx, record.Actor{Role: record.Supervisor}, last),
		"demoted":  d.SetStaffScope(ctx, record.Actor{Role: record.Supervisor}, last, record.Confirmer, nil, nil),
	} {
		require.Equal(t, record.Conflict, record.CodeOf(err), name)
	}
	third := d.staff(t, record.Supervisor, sample.ResidentID(52))
	require.NoError(t, d.DisableStaff(ctx, record.Actor{Role: record.Supervisor, ID: third}, last))
	d.verify(t)
}
