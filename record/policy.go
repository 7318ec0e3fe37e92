package record

import "time"

// ReviewMode says whether staff review a kind.
type ReviewMode string

// The modes.
const (
	ReviewRequired  ReviewMode = "required"
	ReviewAutomatic ReviewMode = "automatic" // a submission counts at once
)

// Policy is what a province decides: configuration, and over it the rules that
// its staff set while the system runs (Under).
type Policy struct {
	Review         map[Kind]ReviewMode // default ReviewRequired
	SecondReview   bool                // four eyes for changes of key fields
	SamplePercent  int                 // of filings that take no second review, how many do by chance
	UndoPeriod     time.Duration       // for which a decision waits and can be undone; 0: none
	ReviewDays     int                 // working days to decide a filing, for kinds without their own
	CorrectionDays int                 // working days to correct a returned one, for kinds without their own
	Periods        map[Kind]Periods    // of the kinds that have their own
	AbandonAfter   time.Duration       // a registration without a profile in force
	ScanRequired   bool                // approve only scanned attachments
	CASilenceDays  int                 // working days of the CA company's silence before staff are told
	CAPollEvery    time.Duration       // between questions where an application stands; 0: it is not asked
	Calendar       *Calendar
	Confirmations  ConfirmationRules // of the annual confirmation; none: it is not asked for
	// Edition is the number of the rules that are laid over the configuration, 0
	// for none.
	Edition int64
}

// NeedsReview reports whether staff review the kind.
func (p Policy) NeedsReview(k Kind) bool { return p.Review[k] != ReviewAutomatic }

// PeriodsOf are the periods that count for a kind: its own, and where it has none
// the configured ones.
func (p Policy) PeriodsOf(k Kind) Periods {
	own, usual := p.Periods[k], Periods{Review: p.ReviewDays, Second: p.ReviewDays, Correction: p.CorrectionDays}
	return own.or(usual)
}

// Plan is the set of instants at which something is to happen to a record under
// way. Zero instants never come.
type Plan struct {
	RemindAt   time.Time
	EscalateAt time.Time // end of the review period
	LapseAt    time.Time // end of the correction period
}

// Used are the working days that earlier rounds of a filing have used up, for
// each stage of review. With the bidder no time of theirs passes.
type Used struct {
	Review, Second int
}

// Of is what was used up of the stage.
func (u Used) Of(f Filing) int {
	switch f {
	case UnderReview:
		return u.Review
	case SecondReview:
		return u.Second
	case Returned, NothingFiled:
	}
	return 0
}

// PlanFor says what is awaited for a record that entered its filing at that
// instant. A record at rest has no plan. A review goes on with what earlier
// rounds have left of its period, and never with less than one full working day.
func (p Policy) PlanFor(k Kind, f Filing, since time.Time, used Used) Plan {
	periods := p.PeriodsOf(k)
	switch f {
	case UnderReview, SecondReview:
		left := periods.left(f, used)
		return Plan{RemindAt: p.Calendar.Half(since, left), EscalateAt: p.Calendar.AddWorkingDays(since, left)}
	case Returned:
		return Plan{
			RemindAt: p.Calendar.Half(since, periods.Correction),
			LapseAt:  p.Calendar.AddWorkingDays(since, periods.Correction),
		}
	case NothingFiled:
	}
	return Plan{}
}

// Spend adds to what is used up the working days of a stage that a filing leaves
// at until, and nothing where the stage is no review.
func (p Policy) Spend(used Used, f Filing, since, until time.Time) Used {
	switch f {
	case UnderReview:
		used.Review += p.Calendar.WorkingDays(since, until)
	case SecondReview:
		used.Second += p.Calendar.WorkingDays(since, until)
	case Returned, NothingFiled:
	}
	return used
}
