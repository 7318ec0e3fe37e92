package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestB03_PeriodsAndCalendarFromTheCommandLine(t *testing.T) {
	environment, _ := system(t)
	year := time.Now().Year() + 2
	notice := fmt.Sprintf("date\tkind\tname\tsource\n%d-01-01\tholiday\t元旦\t国办〔%d〕1号\n", year, year-1)

	code, said := run(t, environment, notice+"x\ty\n", "calendar", "import", "-")
	require.Equal(t, 1, code)
	require.Contains(t, said, "calendar line 3: want date, kind, name and source")
	code, said = run(t, environment, "", "calendar", "list", fmt.Sprint(year))
	require.Zero(t, code, said)
	require.Contains(t, said, fmt.Sprintf("the notice of %d is not known", year))
	code, said = run(t, environment, notice, "calendar", "import", "-", "--dry-run")
	require.Zero(t, code, said)
	require.Contains(t, said, "holiday 元旦")
	require.Contains(t, said, "dry run: nothing was changed")
	code, said = run(t, environment, notice, "calendar", "import", "-", "--note", "年度通知")
	require.Zero(t, code, said)
	require.Contains(t, said, "1 changed\nedition 1\n")
	code, said = run(t, environment, notice, "calendar", "import", "-")
	require.Zero(t, code, said)
	require.Contains(t, said, "nothing to change")
	code, said = run(t, environment, "", "calendar", "list", fmt.Sprint(year))
	require.Zero(t, code, said)
	require.Regexp(t, fmt.Sprintf(`^%d-01-01 +holiday 元旦 +notice +国办`, year), said)

	code, said = run(t, environment, "", "periods", "set", "licence", "--review", "3")
	require.Equal(t, 1, code)
	require.Contains(t, said, `there is no kind "licence"`)
	code, said = run(t, environment, "", "periods", "set", "award", "--review", "61")
	require.Equal(t, 1, code)
	require.Contains(t, said, "1 至 60")
	code, said = run(t, environment, "", "periods", "set", "award", "--review", "7", "--correction", "9")
	require.Zero(t, code, said)
	code, said = run(t, environment, "", "periods", "set", "award", "--correction", "0")
	require.Zero(t, code, said)
	code, said = run(t, environment, "", "periods", "sample", "15")
	require.Zero(t, code, said)
	require.Contains(t, said, "edition 4\n")
	code, said = run(t, environment, "", "periods", "list")
	require.Zero(t, code, said)
	require.Regexp(t, `award +7 +2 \(configured\) +5 \(configured\)\n`, said)
	require.Contains(t, said, "share of second reviews: 15 %")
	require.Contains(t, said, "annual confirmation: not asked for")

	code, said = run(t, environment, "", "periods", "confirm", "30")
	require.Equal(t, 1, code)
	require.Contains(t, said, "90 至 1830")
	code, said = run(t, environment, "", "periods", "confirm", "365", "--stops")
	require.Zero(t, code, said)
	require.Contains(t, said, "1 changed\nedition 5\n")
	code, said = run(t, environment, "", "periods", "list")
	require.Zero(t, code, said)
	require.Contains(t, said, "annual confirmation: 365 days, who is overdue may not bid")
}
