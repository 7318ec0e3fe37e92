package record

import "time"

// CertificateState says whether a bound certificate may be used.
type CertificateState string

// The states of a bound certificate. They follow from its dates and from what
// its issuer said; none is stored.
const (
	CertificateValid     CertificateState = "valid"
	CertificateExpiring  CertificateState = "expiring" // valid, for no more than CertificateNotice
	CertificateNotYet    CertificateState = "not_yet"
	CertificateExpired   CertificateState = "expired"
	CertificateSuspended CertificateState = "suspended"
	CertificateRevoked   CertificateState = "revoked"
	CertificateUnbound   CertificateState = "unbound"
)

// CertificateNotice is how long before its end a certificate is said to expire.
const CertificateNotice = 30 * 24 * time.Hour

// Label is the state's name on pages.
func (s CertificateState) Label() string {
	switch s {
	case CertificateValid:
		return "有效"
	case CertificateExpiring:
		return "即将到期"
	case CertificateNotYet:
		return "未生效"
	case CertificateExpired:
		return "过期"
	case CertificateSuspended:
		return "挂失"
	case CertificateRevoked:
		return "吊销"
	case CertificateUnbound:
		return "已解绑"
	default:
		return string(s)
	}
}

// Usable reports whether a certificate of that state logs in and signs.
func (s CertificateState) Usable() bool { return s == CertificateValid || s == CertificateExpiring }

// CertificateFacts are what a certificate's state follows from; zero times mean
// that it did not happen.
type CertificateFacts struct {
	NotBefore, NotAfter               time.Time
	SuspendedAt, RevokedAt, UnboundAt time.Time
}

// StateAt is the state at an instant. What is final comes first: a revoked
// certificate is not "expired".
func (f CertificateFacts) StateAt(now time.Time) CertificateState {
	happened := func(t time.Time) bool { return !t.IsZero() && !now.Before(t) }
	switch {
	case happened(f.RevokedAt):
		return CertificateRevoked
	case happened(f.UnboundAt):
		return CertificateUnbound
	case happened(f.SuspendedAt):
		return CertificateSuspended
	case now.Before(f.NotBefore):
		return CertificateNotYet
	case now.After(f.NotAfter):
		return CertificateExpired
	case now.After(f.NotAfter.Add(-CertificateNotice)):
		return CertificateExpiring
	default:
		return CertificateValid
	}
}
