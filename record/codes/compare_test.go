package codes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// letters stands for the dictionary.
func letters(name string) (string, error) {
	if strings.Contains(name, "⺁") {
		return "", fmt.Errorf("no reading of '⺁' in %s", name)
	}
	return fmt.Sprintf("x%d", len([]rune(name))), nil
}

const importDay = "2026-11-25"

func terms(complete bool) Terms {
	return Terms{From: "2027-01-01", Complete: complete, Initials: letters}
}

// small is an edition with little in it, to compare whole tables with.
func small(t *testing.T) (*Edition, *Table) {
	t.Helper()
	table := &Table{name: "small", embedded: func() *rows {
		r, err := newRows([]Entry{
			{Code: "01", Name: "甲", Initials: "j"},
			{Code: "0101", Name: "甲一", Parent: "01", Initials: "jy"},
			{Code: "0102", Name: "甲二", Parent: "01", Initials: "je"},
			{Code: "02", Name: "乙", Initials: "y", ValidTo: "2020-12-31"},
			{Code: "03", Name: "丙", Initials: "b", ValidFrom: "2026-12-01"},
		})
		require.NoError(t, err)
		return r
	}}
	return embedded, table
}

func TestASheetTellsEveryChange(t *testing.T) {
	edition, table := small(t)
	sheet := ReadSheet([]byte("# table: small\r\ncode\tname\tparent\tvalid_from\tvalid_to\tinitials\r\n" +
		"01\t甲\t\t\t\tj\r\n" +
		"0101\t甲壹\t01\t\t2026-11-25\tjy\r\n" + // renamed and retired: ends today
		"0103\t甲三\t01\t\t\t\r\n" + // new
		"0104\t甲(四)\t01\t2026-06-01\t\tjs4\r\n" + // new with a day and letters of its own
		"02\t乙\t\t\t\ty\r\n" + // reopened
		"03\t丙\t01\t2026/12/15\t\tbb\r\n")) // moved, begins later, respelled
	require.Equal(t, "small", sheet.Table)
	changes, err := edition.Compare(table, sheet, importDay, terms(false))
	require.NoError(t, err)
	got := map[string][]ChangeKind{}
	after := map[string]Entry{}
	for _, c := range changes {
		got[c.After.Code], after[c.After.Code] = c.Kinds(), c.After
	}
	require.Equal(t, map[string][]ChangeKind{
		"0101": {Renamed, Retired}, "0103": {Added}, "0104": {Added}, "02": {Reopened}, "03": {Moved, Begins, Respelled},
	}, got, "0102 is left out and stays")
	require.Equal(t, Entry{Code: "0101", Name: "甲壹", Parent: "01", ValidTo: "2026-11-25", Initials: "x2"}, after["0101"], "letters follow the name")
	require.Equal(t, Entry{Code: "0103", Name: "甲三", Parent: "01", ValidFrom: "2027-01-01", Initials: "x2"}, after["0103"])
	require.Equal(t, Entry{Code: "0104", Name: "甲（四）", Parent: "01", ValidFrom: "2026-06-01", Initials: "js4"}, after["0104"])

	again, err := edition.Compare(table, ReadSheet([]byte("code,name,parent\n01,甲,\n0102,甲二,01\n02,乙,\n")), importDay, terms(false))
	require.NoError(t, err)
	require.Empty(t, again, "what has no column is not said: 02 stays retired")
}

func TestACompleteSheetRetiresWhatItLeavesOut(t *testing.T) {
	edition, table := small(t)
	sheet := ReadSheet([]byte("\ufeff名称,代码,上级代码\n甲,01,\n\"甲一\",0101,01\n丙,03,\n"))
	changes, err := edition.Compare(table, sheet, importDay, terms(true))
	require.NoError(t, err)
	require.Len(t, changes, 1, "02 was retired before")
	require.Equal(t, []ChangeKind{Retired}, changes[0].Kinds())
	require.Equal(t, "0102", changes[0].After.Code)
	require.Equal(t, "2026-12-31", changes[0].After.ValidTo, "the day before")

	for from, says := range map[string]string{"2026-11-25": "--complete takes effect on the day after 2026-11-25", "2026-11-26": ""} {
		at := terms(true)
		at.From = from
		_, err := edition.Compare(table, sheet, importDay, at)
		if says == "" {
			require.NoError(t, err, from)
		} else {
			require.ErrorContains(t, err, says)
		}
	}
	_, err = edition.Compare(table, ReadSheet([]byte("code,name\n01,甲\n0101,甲一\n0102,甲二\n")), importDay, Terms{From: "2026-11-26", Complete: true})
	require.ErrorContains(t, err, "03 丙 begins on 2026-12-01 and the file leaves it out")
	_, err = edition.Compare(table, ReadSheet([]byte("code,name\n0101,甲一\n0102,甲二\n03,丙\n")), importDay, terms(true))
	require.EqualError(t, err, "line 2: 0101 甲一 would outlive 01 甲, which ends on 2026-12-31\nline 3: 0102 甲二 would outlive 01 甲, which ends on 2026-12-31")
}

func TestAllFaultsOfASheetAreToldAtOnce(t *testing.T) {
	edition, table := small(t)
	const heading = "code\tname\tparent\tvalid_from\tvalid_to\tinitials\n"
	for name, test := range map[string]struct{ sheet, says string }{
		"several": {
			"# of somebody\n" + heading + "\t名\t\t\t\t\n04\t\t\t\t\t\n05\t戊\t99\t2026-02-30\t\t\n06\t己\t06\t\t\t\n07\t庚\t\t2026-02-01\t2026-01-01\tG!\n" +
				"0-8\t辛\t\t\t\t\n04\t丁\t\t\t\t\n1\t甲\t\t\t\t\n09\t⺁\t\t\t\t\tx\n",
			`line 3: the code is missing
line 4: the name is missing
line 5: "2026-02-30" is no date: write 2026-01-31
line 5: 05 lies below 99, which does not exist
line 6: 06 lies below itself
line 6: 06 would lie below itself
line 7: the initials "g!" are not of letters and digits
line 7: valid from 2026-02-01 to 2026-01-01 is no period
line 8: "0-8" is no code: letters, digits and _, 32 at most
line 9: code 04 is on line 4 already
line 10: is 01 meant by 1? A spreadsheet drops leading zeros where the column is not text
line 11: "x" stands in a column without a heading`,
		},
		"no reading":        {"code,name,parent\n04,⺁,\n", "line 2: no reading of '⺁' in ⺁: write them in the column initials"},
		"given to another":  {heading + "02\t别的\t\t\t\t\n", "line 2: 02 was 乙 until 2020-12-31: a code is never given to something else"},
		"ended yesterday":   {heading + "0102\t甲二\t01\t\t2026-11-24\t\n", "line 2: 0102 may be chosen today: its last day is 2026-11-25 at the earliest"},
		"suspended":         {heading + "0102\t甲二\t01\t2027-01-01\t\t\n", "line 2: 0102 may be chosen today: its last day is 2026-11-25 at the earliest"},
		"ends before begun": {heading + "03\t丙\t\t\t2026-11-30\t\n", "line 2: 03 would be valid from 2026-12-01 to 2026-11-30"},
		"circle":            {heading + "01\t甲\t0101\t\t\t\n", "line 2: 01 would lie below itself"},
		"becomes a heading": {heading + "010201\t甲二一\t0102\t2026-11-25\t\t\n", "line 2: 0102 甲二 may be chosen today: what is new below it begins after 2026-11-25"},
		"below a retired":   {heading + "0201\t乙一\t02\t\t\t\n", "line 2: 0201 乙一 would outlive 02 乙, which ends on 2020-12-31"},
		"no parents":        {"code,name\n0103,甲三\n", "line 2: 0103 is new: the file needs the column parent to say what it lies below"},
		"another heading":   {"代码,名称,备注,名称\n01,甲,,\n", "line 1: there is no column \"备注\": the heading has code, name, parent, valid_from, valid_to, initials\nline 1: column name occurs twice"},
		"no name":           {"code\tparent\n01\t\n", "line 1: the heading has no column name"},
		"nothing":           {"", "the file has no heading with code and name"},
		"heading alone":     {"# x\n" + heading, "the file has a heading and no code"},
		"another encoding":  {"code,name\n01,\xbc\xd7\n", "line 2: the text is not UTF-8: save it as \"CSV UTF-8\""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edition.Compare(table, ReadSheet([]byte(test.sheet)), importDay, terms(false))
			require.EqualError(t, err, test.says)
		})
	}
	var long strings.Builder
	long.WriteString(heading)
	for i := range 300 {
		fmt.Fprintf(&long, "1%03d\t\t\t\t\t\n", i)
	}
	_, err := edition.Compare(table, ReadSheet([]byte(long.String())), importDay, terms(false))
	require.Len(t, err, maxFaults+1)
	require.ErrorContains(t, err, "and 100 faults more")
}

func TestTablesBelowAreHeeded(t *testing.T) {
	sheet := ReadSheet([]byte("code,name,valid_to\n04,建筑业,2026-12-31\n"))
	_, err := embedded.Compare(QualificationClasses, sheet, importDay, terms(false))
	require.ErrorContains(t, err, "line 2: 04 would end on 2026-12-31 before 1040A0 施工总承包 of table qualification_series: import that table first")
	sheet = ReadSheet([]byte("code,name,parent\n104099,示范序列,04\n"))
	_, err = embedded.Compare(QualificationSeries, sheet, importDay, terms(false))
	require.NoError(t, err, "a parent may be in the table above")
}

// Every table, written as it is kept, is read back as it is.
func TestEveryTableComparesWithItself(t *testing.T) {
	for _, name := range Names() {
		table, _ := Named(name)
		text, err := data.ReadFile("data/" + name + ".tsv")
		require.NoError(t, err)
		changes, err := embedded.Compare(table, ReadSheet(text), importDay, terms(true))
		require.NoError(t, err, name)
		require.Empty(t, changes, name)
	}
}

func FuzzReadSheet(f *testing.F) {
	f.Add([]byte("\ufeff# table: region\ncode,name\n\"01\",甲\n"))
	f.Add([]byte("code\tname\tvalid_to\n01\t\"甲\n乙\"\t2026-1-1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		sheet := ReadSheet(text)
		changes, err := embedded.Compare(Industries, sheet, importDay, terms(false))
		if err != nil {
			return
		}
		var entries []Entry
		for _, c := range changes {
			entries = append(entries, c.After)
		}
		_, err = NewEdition(1, map[string][]Entry{"industry": entries})
		require.NoError(t, err, "what has no fault is a sound table")
	})
}
