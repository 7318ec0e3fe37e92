package storage_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/codes/initials"
	"unireg/record/form"
	"unireg/storage"
	"unireg/storage/storagetest"
)

var operator = record.Actor{Role: record.Supervisor}

// codeImport is a file about regions.
func codeImport(text string) storage.CodeImport {
	return storage.CodeImport{
		Table: codes.Regions, Sheet: codes.ReadSheet([]byte(text)), Terms: codes.Terms{Initials: initials.Of}, SHA256: sha256.Sum256([]byte(text)),
	}
}

// embeddedAfterwards leaves the process with the tables that it began with.
func embeddedAfterwards(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { codes.Use(nil) })
}

func daysFromToday(days int) string { return codes.CivilDate(time.Now().AddDate(0, 0, days)) }

const newRegions = "code,name,parent\n430199,示范新区,430100\n430104,麓山区,430100\n"

func TestAnImportOfCodesIsOneEditionAndOneEvent(t *testing.T) {
	embeddedAfterwards(t)
	database := storagetest.Fresh(t)
	store := database.Store()
	ctx := t.Context()
	changed, err := store.FollowCodes(ctx)
	require.NoError(t, err)
	require.False(t, changed)

	look := codeImport(newRegions)
	look.Look = true
	seen, err := store.ImportCodes(ctx, operator, look)
	require.NoError(t, err)
	require.Zero(t, seen.Edition)
	require.Len(t, seen.Changes, 2)
	changed, err = store.FollowCodes(ctx)
	require.NoError(t, err)
	require.False(t, changed, "a look changes nothing")

	imported, err := store.ImportCodes(ctx, operator, codeImport(newRegions))
	require.NoError(t, err)
	require.Equal(t, storage.CodesImported{Edition: 1, Changes: seen.Changes}, imported)
	require.Equal(t, "湖南省长沙市岳麓区", codes.Regions.FullName("430104"), "until the process looks")
	changed, err = store.FollowCodes(ctx)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, "湖南省长沙市麓山区", codes.Regions.FullName("430104"))
	entry, ok := codes.Regions.Lookup("430199")
	require.True(t, ok)
	require.Equal(t, codes.Entry{Code: "430199", Name: "示范新区", Parent: "430100", ValidFrom: daysFromToday(1), Initials: "sfxq"}, entry)

	again, err := store.ImportCodes(ctx, operator, codeImport(newRegions))
	require.NoError(t, err)
	require.Equal(t, int64(1), again.Edition)
	require.Empty(t, again.Changes, "what changes nothing makes no edition")
	complete := codeImport(newRegions)
	complete.Terms.Complete = true
	_, err = store.ImportCodes(ctx, operator, complete)
	require.ErrorContains(t, err, "line 2: 430199 示范新区 would outlive 430100 长沙市", "all but two counties would end")

	back, err := store.ImportCodes(ctx, operator, codeImport("code,name,parent\n430104,岳麓区,430100\n"))
	require.NoError(t, err)
	require.Equal(t, int64(2), back.Edition)
	require.Equal(t, []codes.ChangeKind{codes.Renamed}, back.Changes[0].Kinds())
	var names []string
	require.NoError(t, database.App.NewRaw("SELECT name FROM code_entries WHERE code = '430104' ORDER BY edition").Scan(ctx, &names))
	require.Equal(t, []string{"麓山区", "岳麓区"}, names, "nothing is overwritten")

	var events []struct {
		Role record.Role
		Data map[string]any `bun:"type:jsonb"`
	}
	require.NoError(t, database.App.NewRaw("SELECT role, data FROM events WHERE type = 'codes_imported' ORDER BY no").Scan(ctx, &events))
	require.Len(t, events, 2)
	require.Equal(t, record.Supervisor, events[0].Role)
	sum := sha256.Sum256([]byte(newRegions))
	require.Equal(t, map[string]any{
		"table": "region", "edition": 1.0, "count": 2.0, "new": 1.0, "renamed": 1.0, "sha256": hex.EncodeToString(sum[:]),
	}, events[0].Data)
	tables, err := store.ImportedTables(ctx)
	require.NoError(t, err)
	require.Len(t, tables, 1)
	require.Equal(t, int64(2), tables["region"].Edition)
	found, err := store.Verify(ctx)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestAFaultyFileImportsNothing(t *testing.T) {
	store := storagetest.Fresh(t).Store()
	_, err := store.ImportCodes(t.Context(), operator, codeImport("code,name,parent\n430199,示范新区,430100\n430198,,439900\n"))
	var faults codes.Faults
	require.ErrorAs(t, err, &faults)
	require.Equal(t, codes.Faults{{Line: 3, Text: "the name is missing"}, {Line: 3, Text: "430198 lies below 439900, which does not exist"}}, faults)
	edition, err := store.CodeEdition(t.Context())
	require.NoError(t, err)
	require.Zero(t, edition.No())
}

func TestImportsOfCodesFollowOneAnother(t *testing.T) {
	store := storagetest.Fresh(t).Store()
	names := []string{"甲区", "乙区", "丙区", "丁区"}
	faults := make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			_, faults[i] = store.ImportCodes(t.Context(), operator, codeImport("code,name,parent\n430199,"+name+",430100\n"))
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(faults...))
	edition, err := store.CodeEdition(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(4), edition.No())
	found, err := store.Verify(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestW33ImportedCodesCannotBeRewritten(t *testing.T) {
	database := storagetest.Fresh(t)
	_, err := database.Store().ImportCodes(t.Context(), operator, codeImport(newRegions))
	require.NoError(t, err)
	for _, statement := range []string{
		"UPDATE code_entries SET name = 'x'", "DELETE FROM code_entries", "UPDATE code_editions SET at = now()", "DELETE FROM code_editions",
	} {
		_, err := database.App.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "42501", statement)
		_, err = database.Owner.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "append-only", statement)
	}
}

// The day on which a filing was accepted decides, not the one on which it is
// applied.
func TestAFilingAcceptedBeforeACodeEndedIsApplied(t *testing.T) {
	embeddedAfterwards(t)
	d := newDeskOn(t, storagetest.Fresh(t))
	yesterday := daysFromToday(-1)
	ended, err := codes.NewEdition(0, map[string][]codes.Entry{"region": {{Code: "430104", Name: "岳麓区", Parent: "430100", ValidTo: yesterday}}})
	require.NoError(t, err)
	for accepted, applied := range map[string]bool{yesterday + " 23:59:59": true, daysFromToday(0) + " 00:00:00": false} {
		codes.Use(nil)
		draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
		require.NoError(t, err)
		c := d.command(record.Submit, d.applicant())
		c.Draft = draft.Version
		_, err = d.Accept(t.Context(), c)
		require.NoError(t, err)
		_, err = d.app.NewRaw("UPDATE commands SET accepted_at = (?::timestamp AT TIME ZONE 'Asia/Shanghai') WHERE id = ?", accepted, c.ID).Exec(t.Context())
		require.NoError(t, err)
		codes.Use(ended)
		done, err := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
		require.NoError(t, err)
		require.Equal(t, applied, done.Outcomes[0].Applied, accepted)
		if applied {
			require.True(t, d.do(t, d.command(record.Withdraw, d.applicant())).Applied)
		} else {
			require.Equal(t, record.RefusedProblems, done.Outcomes[0].Refusal)
		}
	}
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Equal(t, "湖南省长沙市岳麓区", draft.Document.Form(time.Now()).Field("region").Display(), "the draft shows it still")
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	_, err = d.Accept(t.Context(), c)
	require.Equal(t, record.Invalid, record.CodeOf(err))
}

// The portal that accepted may know of an import that the worker has not noticed.
func TestNothingIsRefusedByTablesThatAreNotTheNewest(t *testing.T) {
	embeddedAfterwards(t)
	d := newDeskOn(t, storagetest.Fresh(t))
	opened := codeImport("code,name,parent,valid_from\n430199,示范新区,430100," + daysFromToday(0) + "\n")
	_, err := d.ImportCodes(t.Context(), operator, opened)
	require.NoError(t, err)
	_, err = d.FollowCodes(t.Context())
	require.NoError(t, err)
	d.document.Region = form.Choice{Code: "430199", Name: "湖南省长沙市示范新区"}
	d.save(t)
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	c := d.command(record.Submit, d.applicant())
	c.Draft = draft.Version
	_, err = d.Accept(t.Context(), c)
	require.NoError(t, err)
	codes.Use(nil)
	done, err := d.Apply(t.Context(), d.profile, []record.ID{c.ID})
	require.NoError(t, err)
	require.True(t, done.Outcomes[0].Applied)
}
