package record

import (
	"fmt"
	"strings"
	"time"
)

// NoticeFault is what is wrong with a line of a notice.
type NoticeFault struct {
	Line  int    // from 1 on
	Text  string // for operators
	Words string // for people
}

func (f *NoticeFault) Error() string { return fmt.Sprintf("calendar line %d: %s", f.Line, f.Text) }

// Explain is the fault for people.
func (f *NoticeFault) Explain() string { return fmt.Sprintf("第 %d 行：%s", f.Line, f.Words) }

// ReadNotice reads the days of one notice or more: tab-separated lines of date
// (2006-01-02), kind (holiday or workday), name and source under a heading; lines
// that begin with # are comments. Two lines for one date, and an exchanged
// working day that is not a Saturday or Sunday, are errors: a *NoticeFault.
func ReadNotice(tsv []byte) ([]Day, error) {
	var days []Day
	seen := map[string]bool{}
	headed := false
	for number, line := range strings.Split(string(tsv), "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fault := func(words, text string, values ...any) ([]Day, error) {
			return nil, &NoticeFault{Line: number + 1, Words: words, Text: fmt.Sprintf(text, values...)}
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 4 {
			return fault("应有日期、安排、名称、文号四列，以 Tab 分隔", "want date, kind, name and source")
		}
		if !headed {
			headed = true
			if cells[0] == "date" {
				continue
			}
		}
		at, err := time.Parse(time.DateOnly, cells[0])
		if err != nil {
			return fault("日期应为 2026-01-31 的样式", "%v", err)
		}
		if seen[cells[0]] {
			return fault(cells[0]+" 重复出现", "%s occurs twice", cells[0])
		}
		seen[cells[0]] = true
		d := Day{Date: cells[0], Name: cells[2], Source: cells[3]}
		switch kind := cells[1]; {
		case kind == "holiday":
		case kind == "workday" && weekend(at):
			d.Works = true
		case kind == "workday":
			return fault(cells[0]+" 不是周末，不需要写调休上班", "%s cannot be a %q", cells[0], kind)
		default:
			return fault("第二列应为 holiday 或 workday", "%s cannot be a %q", cells[0], kind)
		}
		days = append(days, d)
	}
	return days, nil
}
