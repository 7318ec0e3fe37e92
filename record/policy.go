package record

import "time"

// ReviewMode says whether staff review a kind.
type ReviewMode string

// The modes.
const (
	ReviewRequired  ReviewMode = "required"
	ReviewAutomatic ReviewMode = "automatic" // a submission counts at once
)

// Policy is what a province decides, from configuration.
type Policy struct {
	Review         map[Kind]ReviewMode // default ReviewRequired
	SecondReview   bool                // four eyes for changes of key fields
	SamplePercent  int                 // of filings that take no second review, how many do by chance
	UndoPeriod     time.Duration       // for which a decision waits and can be undone; 0: none
	ReviewDays     int                 // working days to decide a filing
	CorrectionDays int                 // working days to correct a returned one
	AbandonAfter   time.Duration       // a registration without a profile in force
	ScanRequired   bool                // approve only scanned attachments
	CASilenceDays  int                 // working days of the CA company's silence before staff are told
	CAPollEvery    time.Duration       // between questions where an application stands; 0: it is not asked
	Calendar       *Calendar
}

// NeedsReview reports whether staff review the kind.
func (p Policy) NeedsReview(k Kind) bool { return p.Review[k] != ReviewAutomatic }

// Plan is the set of instants at which something is to happen to a record under
// way. Zero instants never come.
type Plan struct {
	RemindAt   time.Time
	EscalateAt time.Time // end of the review period
	LapseAt    time.Time // end of the correction period
}

// PlanFor says what is awaited for a record that entered its filing at that
// instant. A record at rest has no plan.
func (p Policy) PlanFor(f Filing, since time.Time) Plan {
	switch f {
	case UnderReview, SecondReview:
		return Plan{
			RemindAt:   p.Calendar.Half(since, p.ReviewDays),
			EscalateAt: p.Calendar.AddWorkingDays(since, p.ReviewDays),
		}
	case Returned:
		return Plan{
			RemindAt: p.Calendar.Half(since, p.CorrectionDays),
			LapseAt:  p.Calendar.AddWorkingDays(since, p.CorrectionDays),
		}
	case NothingFiled:
	}
	return Plan{}
}
