package record

import "time"

// ConfirmationRule is what policy says, from an instant on, of the annual
// confirmation (年度确认): who has 基本信息 in force says once within so many days
// that it is still true.
type ConfirmationRule struct {
	Since time.Time
	// Days are civil days from one confirmation to the last day of the next; 0: none
	// is asked for.
	Days int
	// Stops tells that who is overdue may not bid.
	Stops bool
}

// Bounds of the period where there is one, in days.
const (
	MinConfirmation = 90
	MaxConfirmation = 1830
)

const (
	// ConfirmationGrace is what a rule that is new leaves everybody at least, in days
	// after the one on which it begins.
	ConfirmationGrace = 60
	// ConfirmationWindow is how many days before the last one it may be confirmed.
	ConfirmationWindow = 60
)

// ConfirmationNotices are the days before the last one on which a subject is told.
var ConfirmationNotices = []int{ConfirmationWindow, 30, 7, 0}

// ConfirmationRules are the rules of all times, in the order in which they were
// made; of two that have begun the later one counts.
type ConfirmationRules []ConfirmationRule

// At is the rule that counts at an instant; the zero value where there is none.
func (r ConfirmationRules) At(at time.Time) ConfirmationRule {
	var rule ConfirmationRule
	for _, next := range r {
		if !next.Since.After(at) {
			rule = next
		}
	}
	return rule
}

// under is these rules with those that staff made over them: what is configured
// counts until they made the first.
func (r ConfirmationRules) under(made ConfirmationRules) ConfirmationRules {
	var all ConfirmationRules
	for _, rule := range r {
		if rule.Since.Before(made[0].Since) {
			all = append(all, rule)
		}
	}
	return append(all, made...)
}

// ConfirmationFacts are what a subject's confirmation follows from, as they stood
// at an instant.
type ConfirmationFacts struct {
	// Confirmed is when 基本信息 was last confirmed, or last came in force with other
	// content, which confirms it, too; zero: it is not in force.
	Confirmed time.Time
	// Filed is when what is under way was accepted: the first submit of a change that
	// has not ended, or a confirmation that waits to be applied; zero: nothing is.
	Filed time.Time
}

// Confirmation is where a subject stands with its annual confirmation.
type Confirmation struct {
	Confirmed time.Time
	Due       time.Time // 23:59:59 in Shanghai on the last day; zero: none is asked for
	Left      int       // days to the last one; below 0: it is over
	// Open tells that it is time to confirm: the last day is near, or over.
	Open bool
	// Overdue tells that the last day is over, and Stops that who is overdue may not
	// bid. What was accepted on the last day, and is under way still, is in time.
	Overdue bool
	Stops   bool
}

// Of is where a subject stands at an instant. It depends on what had happened by
// then, rules included, and on nothing else: asked for an instant that is past, the
// answer stays the same for ever.
func (r ConfirmationRules) Of(f ConfirmationFacts, at time.Time) Confirmation {
	c := Confirmation{Confirmed: f.Confirmed, Due: r.due(f.Confirmed, at)}
	if c.Due.IsZero() {
		return c
	}
	c.Left = int(midnight(c.Due).Sub(midnight(at)) / (24 * time.Hour))
	c.Open = c.Left <= ConfirmationWindow
	c.Overdue = c.Left < 0 && (f.Filed.IsZero() || midnight(f.Filed).After(c.Due))
	c.Stops = c.Overdue && r.At(at).Stops
	return c
}

// due is the last day of a confirmation by the rules that have begun. A rule that
// asks anew, or begins to stop who is overdue, gives everybody the time of grace; one
// that shortens the period gives it to those who had as much left. So no rule that is
// made makes anybody overdue.
func (r ConfirmationRules) due(confirmed, at time.Time) time.Time {
	var due time.Time
	if confirmed.IsZero() {
		return due
	}
	var before ConfirmationRule
	for _, rule := range r {
		if rule.Since.After(at) {
			continue
		}
		if rule.Days == 0 {
			due = time.Time{}
		} else {
			least := dayEnd(rule.Since, ConfirmationGrace)
			if stricter := before.Days == 0 || rule.Stops && !before.Stops; !stricter && due.Before(least) {
				least = due
			}
			if due = dayEnd(confirmed, rule.Days); due.Before(least) {
				due = least
			}
		}
		before = rule
	}
	return due
}

// dayEnd is 23:59:59 in Shanghai, so many days after the day of an instant.
func dayEnd(from time.Time, days int) time.Time {
	return midnight(from).AddDate(0, 0, days).Add(24*time.Hour - time.Second)
}
