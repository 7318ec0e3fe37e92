package storage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/checkpoint"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// vault is a database of its own with checkpoints, and somebody who may write
// everything in it.
type vault struct {
	*desk
	history  *storage.Checkpoints
	database *storagetest.Database
	objects  *storage.Objects
	other    *desk
}

func checkpointSigner(t testing.TB, seed byte) *checkpoint.Signer {
	t.Helper()
	signer, err := checkpoint.NewSigner(bytes.Repeat([]byte{seed}, checkpoint.SeedSize))
	require.NoError(t, err)
	return signer
}

func newVault(t testing.TB) *vault {
	t.Helper()
	database := storagetest.Fresh(t)
	a := &vault{database: database, objects: storagetest.Bucket(t), desk: newDeskOn(t, database)}
	a.history = a.signedBy(t, checkpointSigner(t, 1))
	a.settle(t)
	a.other = newDeskOn(t, database)
	a.other.settle(t)
	return a
}

// signedBy are the checkpoints of the vault under a key, with those trusted
// beside it.
func (a *vault) signedBy(t testing.TB, signer *checkpoint.Signer, more ...string) *storage.Checkpoints {
	t.Helper()
	trust, err := checkpoint.NewTrust(append(more, signer.Public())...)
	require.NoError(t, err)
	return storage.NewCheckpoints(a.Store, a.objects, signer, trust)
}

func (a *vault) take(t testing.TB) storage.TakenCheckpoint {
	t.Helper()
	taken, err := a.history.Take(t.Context())
	require.NoError(t, err)
	return taken
}

// faults are what the checkpoints find, as lines without the instants.
func (a *vault) faults(t testing.TB) []string {
	t.Helper()
	found, err := a.history.Verify(t.Context())
	require.NoError(t, err)
	return lines(found)
}

func lines(found []storage.Disagreement) []string {
	all := []string{}
	for _, d := range found {
		line := d.Invariant + " " + d.ID + ": " + d.Fault
		for at := strings.Index(line, " ("); at >= 0; at = strings.Index(line, " (") {
			line = line[:at] + line[at+strings.Index(line[at:], ")")+1:]
		}
		all = append(all, line)
	}
	return all
}

// superuser runs a statement as one whom no trigger and no rule holds up.
func (a *vault) superuser(t testing.TB, statement string, values ...any) {
	t.Helper()
	require.NoError(t, a.database.Owner.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		for _, table := range []string{"events", "versions", "checkpoints", "checkpoint_heads"} {
			if _, err := tx.ExecContext(ctx, "ALTER TABLE "+table+" DISABLE TRIGGER USER"); err != nil {
				return err
			}
		}
		if _, err := tx.NewRaw(statement, values...).Exec(ctx); err != nil {
			return err
		}
		for _, table := range []string{"events", "versions", "checkpoints", "checkpoint_heads"} {
			if _, err := tx.ExecContext(ctx, "ALTER TABLE "+table+" ENABLE TRIGGER USER"); err != nil {
				return err
			}
		}
		return nil
	}))
}

// link is an event as the chain hashes it.
type link struct {
	No      int64           `bun:"no"`
	At      time.Time       `bun:"at"`
	Type    string          `bun:"type"`
	Record  string          `bun:"record"`
	Command string          `bun:"command"`
	Role    string          `bun:"role"`
	Actor   string          `bun:"actor"`
	Data    json.RawMessage `bun:"data"`
}

// rehash gives every link of a chain the hash that it should have, and the head
// that of the last: what somebody does who knows how the chain is made.
func (a *vault) rehash(t testing.TB, chain record.ID) {
	t.Helper()
	var links []link
	require.NoError(t, a.app.NewRaw(`
		SELECT no, at, type, coalesce(record::text, '') AS record, coalesce(command::text, '') AS command, role, coalesce(actor::text, '') AS actor, data
		FROM events WHERE chain = ? ORDER BY no`, chain).Scan(t.Context(), &links))
	var previous []byte
	for _, l := range links {
		var data map[string]any
		require.NoError(t, json.Unmarshal(l.Data, &data))
		var content bytes.Buffer
		content.Write(previous)
		encoder := json.NewEncoder(&content)
		encoder.SetEscapeHTML(false)
		require.NoError(t, encoder.Encode(map[string]any{
			"chain": chain, "no": l.No, "at": l.At.UnixMicro(), "type": l.Type, "record": l.Record,
			"command": l.Command, "role": l.Role, "actor": l.Actor, "data": data,
		}))
		sum := sha256.Sum256(content.Bytes())
		previous = sum[:]
		a.superuser(t, "UPDATE events SET hash = ? WHERE chain = ? AND no = ?", previous, chain, l.No)
	}
	a.superuser(t, "UPDATE chains SET no = ?, hash = ? WHERE id = ?", len(links), previous, chain)
}

func TestN04_ACheckpointCoversEveryChainAndStandsOnTheOneBefore(t *testing.T) {
	a := newVault(t)
	first := a.take(t)
	require.Equal(t, int64(1), first.No)
	require.Equal(t, int64(3), first.Size, "two subjects and what has none")
	require.Empty(t, a.faults(t))
	second := a.take(t)
	require.Equal(t, first.Root, second.Root, "nothing happened in between")
	a.reopenAndApprove(t)
	third := a.take(t)
	require.NotEqual(t, second.Root, third.Root)
	require.Empty(t, a.faults(t))

	var heads []int
	require.NoError(t, a.app.NewRaw("SELECT count(h.chain) FROM checkpoints p LEFT JOIN checkpoint_heads h ON h.no = p.no GROUP BY p.no ORDER BY p.no").Scan(t.Context(), &heads))
	require.Equal(t, []int{3, 0, 1}, heads, "a chain that did not grow is not written anew")
	for _, c := range []storage.TakenCheckpoint{first, second, third} {
		content, err := a.objects.Get(t.Context(), fmt.Sprintf("checkpoints/%d.txt", c.No), 0, -1)
		require.NoError(t, err)
		var kept bytes.Buffer
		_, err = kept.ReadFrom(content)
		require.NoError(t, err)
		require.NoError(t, content.Close())
		require.Equal(t, c.Note, kept.String())
	}
	_, err := a.app.NewRaw("DELETE FROM checkpoints").Exec(t.Context())
	require.Error(t, err, "the application cannot take one back")
	_, err = a.app.NewRaw("UPDATE checkpoint_heads SET hash = '\\x00'").Exec(t.Context())
	require.Error(t, err)
}

func TestN04_W33_WhatASuperuserChangesIsNamedWithItsLinkAndItsTime(t *testing.T) {
	for _, c := range []struct {
		name   string
		tamper func(t *testing.T, a *vault)
		found  func(a *vault) []string // with {chain} and {other}
		chains []string                // what the chains themselves show
	}{
		{
			"a letter of an event", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE events SET data = data || '{"filing": "returned"}' WHERE chain = ? AND no = 2`, a.subject.ID)
			}, nil,
			[]string{"I8 {chain}/2: the chain is broken here; it was written before checkpoint 1"},
		},
		{
			"a chain rewritten from a link on, with right hashes", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE events SET at = at - interval '1 day' WHERE chain = ? AND no = 3`, a.subject.ID)
				a.rehash(t, a.subject.ID)
			},
			func(*vault) []string {
				return []string{"N04 {chain}/1: the links from here to 3 are not those that were signed: rewritten after checkpoint 2"}
			}, nil,
		},
		{
			"a chain rewritten and signed since", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE events SET at = at - interval '1 day' WHERE chain = ? AND no = 3`, a.subject.ID)
				a.rehash(t, a.subject.ID)
				a.take(t)
			},
			func(*vault) []string {
				return []string{"N04 {chain}/1: the links from here to 3 are not those that were signed: rewritten between checkpoint 2 and checkpoint 3"}
			}, nil,
		},
		{
			"the end of a chain cut off", func(t *testing.T, a *vault) {
				a.superuser(t, `DELETE FROM events WHERE chain = ? AND no = 3`, a.subject.ID)
				a.rehash(t, a.subject.ID)
			},
			func(*vault) []string {
				return []string{"N04 {chain}/3: the chain ends before it, and 3 links were signed: cut off after checkpoint 2"}
			}, nil,
		},
		{
			"an event taken out of the middle", func(t *testing.T, a *vault) {
				a.superuser(t, `DELETE FROM events WHERE chain = ? AND no = 2`, a.subject.ID)
				a.superuser(t, `UPDATE events SET no = 2 WHERE chain = ? AND no = 3`, a.subject.ID)
				a.rehash(t, a.subject.ID)
			},
			func(*vault) []string {
				return []string{"N04 {chain}/3: the chain ends before it, and 3 links were signed: cut off after checkpoint 2"}
			}, nil,
		},
		{
			"an event put in", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE events SET no = 4 WHERE chain = ? AND no = 3`, a.subject.ID)
				a.superuser(t, `INSERT INTO events (chain, no, at, type, role, data, hash) SELECT chain, 3, at, 'put in', 'clock', '{}', '\x' FROM events WHERE chain = ? AND no = 2`, a.subject.ID)
				a.rehash(t, a.subject.ID)
			},
			func(*vault) []string {
				return []string{"N04 {chain}/1: the links from here to 3 are not those that were signed: rewritten after checkpoint 2"}
			}, nil,
		},
		{
			"a whole subject deleted", func(t *testing.T, a *vault) {
				a.superuser(t, `DELETE FROM events WHERE chain = ?`, a.subject.ID)
				a.superuser(t, `DELETE FROM chains WHERE id = ?`, a.subject.ID)
			},
			func(*vault) []string {
				return []string{"N04 {chain}/1: the whole chain is gone, of which 3 links were signed: deleted after checkpoint 2"}
			}, nil,
		},
		{
			"the chains of two subjects exchanged", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE events SET no = -no WHERE chain IN (?, ?)`, a.subject.ID, a.other.subject.ID)
				a.superuser(t, `UPDATE events SET no = -no, chain = CASE WHEN chain = ?0 THEN ?1::uuid ELSE ?0::uuid END WHERE no < 0`, a.subject.ID, a.other.subject.ID)
				a.rehash(t, a.subject.ID)
				a.rehash(t, a.other.subject.ID)
			},
			func(*vault) []string {
				return []string{
					"N04 {chain}/1: the links from here to 3 are not those that were signed: rewritten after checkpoint 2",
					"N04 {other}/1: the links from here to 3 are not those that were signed: rewritten after checkpoint 2",
				}
			}, nil,
		},
		{
			"the row of a checkpoint", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE checkpoints SET size = 2 WHERE no = 1`)
			},
			func(*vault) []string {
				return []string{"N04 checkpoint/1: its row is not what was signed", "N04 checkpoint/1: the heads that are kept of it are not those that it signed"}
			}, nil,
		},
		{
			"the text of a checkpoint", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE checkpoints SET note = replace(note, 'no 1', 'no 3') WHERE no = 1`)
			},
			func(*vault) []string {
				return []string{"N04 checkpoint/1: its signature does not hold", "N04 checkpoint/1: the object store holds another one of that number"}
			}, nil,
		},
		{
			"a checkpoint deleted", func(t *testing.T, a *vault) {
				a.superuser(t, `DELETE FROM checkpoints WHERE no = 1`)
			},
			func(*vault) []string {
				return []string{"N04 checkpoint/1: the checkpoint is gone"}
			}, nil,
		},
		{
			"the last checkpoint deleted", func(t *testing.T, a *vault) {
				a.superuser(t, `DELETE FROM checkpoints WHERE no = 2`)
			},
			func(*vault) []string {
				return []string{"N04 checkpoint/2: the database is older than it: what happened after checkpoint 1 and before AT is lost"}
			}, nil,
		},
		{
			"a head that was signed", func(t *testing.T, a *vault) {
				a.superuser(t, `UPDATE checkpoint_heads SET chain_no = 2 WHERE chain = ?`, a.subject.ID)
			},
			func(*vault) []string {
				return []string{
					"N04 checkpoint/1: the heads that are kept of it are not those that it signed",
					"N04 {chain}/1: the links from here to 2 are not those that were signed: rewritten after checkpoint 2",
				}
			}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newVault(t)
			a.take(t)
			second := a.take(t)
			require.Empty(t, a.faults(t))
			c.tamper(t, a)
			name := strings.NewReplacer("{chain}", string(a.subject.ID), "{other}", string(a.other.subject.ID), "AT", second.At.UTC().Format(time.RFC3339))
			want := []string{}
			if c.found != nil {
				for _, line := range c.found(a) {
					want = append(want, name.Replace(line))
				}
			}
			require.ElementsMatch(t, want, a.faults(t))
			if c.chains == nil {
				return
			}
			found, err := a.Verify(t.Context())
			require.NoError(t, err)
			for _, line := range c.chains {
				require.Contains(t, lines(found), name.Replace(line))
			}
		})
	}
}

func TestN04_W33_AVersionIsWhatItsEventSays(t *testing.T) {
	a := newVault(t)
	a.take(t)
	// Somebody who holds the keys as well seals another content under a right hash.
	var other struct {
		Sealed []byte `bun:"sealed"`
		SHA256 []byte `bun:"sha256"`
	}
	require.NoError(t, a.app.NewRaw("SELECT sealed, sha256 FROM versions WHERE record = ?", a.profile).Scan(t.Context(), &other))
	require.NotEmpty(t, other.SHA256)
	sealed, sum := storage.Reseal(t, a.Store, a.subject.ID, a.profile, 1, func(content []byte) []byte {
		return bytes.Replace(content, []byte("示范"), []byte("冒牌"), 1)
	})
	a.superuser(t, "UPDATE versions SET sealed = ?, sha256 = ? WHERE record = ?", sealed, sum, a.profile)
	found, err := a.Verify(t.Context())
	require.NoError(t, err)
	require.Contains(t, lines(found), fmt.Sprintf("I8 %s/1: the version is not what its event says", a.profile))
	a.superuser(t, "UPDATE versions SET sealed = ?, sha256 = ? WHERE record = ?", other.Sealed, other.SHA256, a.profile)
	a.verify(t)
}

func TestN04_KeysAreExchangedWhileBothCount(t *testing.T) {
	a := newVault(t)
	a.take(t)
	old, fresh := checkpointSigner(t, 1), checkpointSigner(t, 2)
	_, err := a.signedBy(t, fresh).Take(t.Context())
	require.ErrorIs(t, err, checkpoint.ErrUntrusted, "nothing is built on what nobody can verify")
	a.history = a.signedBy(t, fresh, old.Public())
	require.Equal(t, fresh.KeyID(), a.take(t).Key)
	require.Empty(t, a.faults(t))
	a.history = a.signedBy(t, fresh)
	require.Equal(t, []string{"N04 checkpoint/1: it is signed by key " + old.KeyID() + ", which is not trusted"}, a.faults(t))
}

func TestN04_ACopyKeptElsewhereShowsADatabaseThatIsOlder(t *testing.T) {
	a := newVault(t)
	first := a.take(t)
	newDeskOn(t, a.database).settle(t)
	second := a.take(t)
	compare := func(note string) []string {
		found, err := a.history.Compare(t.Context(), note)
		require.NoError(t, err)
		return lines(found)
	}
	require.Empty(t, compare(first.Note))
	require.Empty(t, compare(second.Note))
	// The database and the object store come back as they were at the first.
	a.superuser(t, "DELETE FROM checkpoint_heads WHERE no = 2")
	a.superuser(t, "DELETE FROM checkpoints WHERE no = 2")
	a.superuser(t, "DELETE FROM checkpoint_leaves")
	a.superuser(t, "INSERT INTO checkpoint_leaves (chain, leaf, chain_no, hash) SELECT chain, row_number() OVER (ORDER BY chain) - 1, chain_no, hash FROM checkpoint_heads")
	require.NoError(t, a.objects.Remove(t.Context(), "checkpoints/2.txt"))
	require.Empty(t, a.faults(t), "by itself it agrees")
	lost := fmt.Sprintf("N04 checkpoint/2: the database is older than it: what happened after checkpoint 1 and before %s is lost, and with it 1 chains",
		second.At.UTC().Format(time.RFC3339))
	require.Equal(t, []string{lost}, compare(second.Note))
	// It goes on from there, and signs another second one.
	newDeskOn(t, a.database).settle(t)
	a.take(t)
	require.Equal(t, []string{"N04 checkpoint/2: it is not the one that was kept: the history was rewritten and signed anew, or goes on from an older one"}, compare(second.Note))
	_, err := a.history.Compare(t.Context(), "a shopping list")
	require.ErrorContains(t, err, "it is no checkpoint of this system")
}

func TestN04_ACopyThatTheObjectStoreLostIsNamedAndBroughtBack(t *testing.T) {
	a := newVault(t)
	a.take(t)
	a.take(t)
	require.NoError(t, a.objects.Remove(t.Context(), "checkpoints/1.txt"))
	found, err := a.history.Verify(t.Context())
	require.NoError(t, err)
	require.Equal(t, []storage.Disagreement{{Invariant: "N04", ID: "checkpoint/1", Fault: storage.FaultNoCopy}}, found)
	done, err := a.history.Repair(t.Context(), found[0])
	require.NoError(t, err)
	require.Equal(t, "the checkpoint is copied to the object store", done)
	require.Empty(t, a.faults(t))
	a.verify(t)

	// The latest may be on its way; the next one takes it along.
	require.NoError(t, a.objects.Remove(t.Context(), "checkpoints/2.txt"))
	require.Empty(t, a.faults(t))
	a.take(t)
	require.NotEmpty(t, a.copyOf(t, 2))
	require.Empty(t, a.faults(t))
}

func (a *vault) copyOf(t testing.TB, no int) string {
	t.Helper()
	content, err := a.objects.Get(t.Context(), fmt.Sprintf("checkpoints/%d.txt", no), 0, -1)
	require.NoError(t, err)
	defer content.Close()
	var kept bytes.Buffer
	_, err = kept.ReadFrom(content)
	require.NoError(t, err)
	return kept.String()
}

func TestN04_AnHonestDatabaseUnderLoadHasNoFault(t *testing.T) {
	a := newVault(t)
	const firms, takes = 6, 12
	desks := make([]*desk, firms)
	for i := range desks {
		desks[i] = newDeskOn(t, a.database)
		desks[i].settle(t)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for _, d := range desks {
		busy.Go(func() {
			for ctx.Err() == nil {
				d.reopenAndApprove(t)
			}
		})
	}
	var taken sync.WaitGroup
	for range 2 {
		taken.Go(func() {
			for range takes {
				if _, err := a.history.Take(t.Context()); err != nil {
					t.Errorf("take: %v", err)
				}
				found, err := a.history.Verify(t.Context())
				if err != nil || len(found) > 0 {
					t.Errorf("checkpoints: %v, %v", found, err)
				}
				found, err = a.Verify(t.Context())
				if err != nil || len(found) > 0 {
					t.Errorf("database: %v, %v", found, err)
				}
			}
		})
	}
	taken.Wait()
	cancel()
	busy.Wait()
	require.Empty(t, a.faults(t))
	latest, _, err := a.LatestCheckpoints(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, int64(2*takes), latest[0].No, "each has a number of its own")
}

// reopenAndApprove makes two links.
func (d *desk) reopenAndApprove(t testing.TB) {
	t.Helper()
	reopen := d.command(record.Reopen, record.Actor{Role: record.Supervisor, ID: d.boss})
	reopen.Reason = "抽查"
	for _, c := range []record.Command{reopen, d.command(record.Approve, reviewer(d.first))} {
		if out := d.do(t, c); !out.Applied {
			t.Errorf("%s: %s", c.Move, out.Refusal)
		}
	}
}

func TestN04_ASubjectTakesTheProofOfItsHistoryAlong(t *testing.T) {
	a := newVault(t)
	_, err := a.HistoryProofOf(t.Context(), a.subject.ID)
	require.Equal(t, record.NotFound, record.CodeOf(err), "before the first checkpoint")
	covered, err := a.Covered(t.Context(), a.subject.ID)
	require.NoError(t, err)
	require.False(t, covered)
	trust, err := checkpoint.NewTrust(checkpointSigner(t, 1).Public())
	require.NoError(t, err)
	for range 3 {
		taken := a.take(t)
		covered, err := a.Covered(t.Context(), a.subject.ID)
		require.NoError(t, err)
		require.True(t, covered)
		for _, d := range []*desk{a.desk, a.other} {
			file, err := a.HistoryProofOf(t.Context(), d.subject.ID)
			require.NoError(t, err)
			require.Equal(t, taken.No, file.No)
			proof, err := checkpoint.ParseProof(file.Text)
			require.NoError(t, err)
			_, _, err = proof.Verify(trust)
			require.NoError(t, err)
			require.Equal(t, string(d.subject.ID), proof.Head.Chain)
			for _, other := range []*desk{a.desk, a.other} {
				require.Equal(t, other == d, strings.Contains(file.Text, string(other.subject.ID)), "it tells of nobody else")
			}
		}
		newDeskOn(t, a.database)
		a.reopenAndApprove(t)
	}
}

func TestN04_TheProofOfTheHistoryIsWrittenDown(t *testing.T) {
	a := newVault(t)
	a.take(t)
	found, err := a.history.Prove(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
	_, proof, err := a.LatestCheckpoints(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, int64(1), proof.No)
	require.Zero(t, proof.Faults)
	a.superuser(t, "DELETE FROM events WHERE chain = ? AND no = 3", a.subject.ID)
	found, err = a.history.Prove(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	_, proof, err = a.LatestCheckpoints(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, 1, proof.Faults)
	backlog, err := a.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, backlog.HistoryFaults)
	require.Equal(t, 1, backlog.Checkpoints.Count)
}

// 100,000 settled subjects, of which every hundredth grew since the last one.
func BenchmarkN04_ACheckpointOf100000Chains(b *testing.B) {
	a := newVault(b)
	_, err := a.owner.NewRaw(`
		WITH made AS (
			INSERT INTO chains (id, no, hash) SELECT gen_random_uuid(), 1, sha256(n::text::bytea) FROM generate_series(1, 100000) n RETURNING id, hash
		) INSERT INTO events (chain, no, at, type, role, data, hash) SELECT id, 1, now(), 'register', 'clock', '{}', hash FROM made`).Exec(b.Context())
	require.NoError(b, err)
	began := time.Now()
	a.take(b)
	first := time.Since(began)
	for b.Loop() {
		b.StopTimer()
		_, err := a.owner.NewRaw(`
			WITH grown AS (UPDATE chains SET no = no + 1, hash = sha256(hash) WHERE get_byte(uuid_send(id), 0) < 3 AND no > 0 RETURNING id, no, hash)
			INSERT INTO events (chain, no, at, type, role, data, hash) SELECT id, no, now(), 'submit', 'clock', '{}', hash FROM grown`).Exec(b.Context())
		require.NoError(b, err)
		b.StartTimer()
		a.take(b)
	}
	began = time.Now()
	require.Empty(b, a.faults(b))
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/verify")
	b.ReportMetric(float64(first.Milliseconds()), "ms/first")
}
