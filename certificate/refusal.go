package certificate

import "errors"

// Refusal says why a certificate or a signature does not count. Its value is
// kept in events and shown to machines; Explain is for the person.
type Refusal string

// The refusals.
const (
	UnknownIssuer Refusal = "unknown_issuer"
	Expired       Refusal = "expired"
	NotYetValid   Refusal = "not_yet_valid"
	Usage         Refusal = "usage"
	IsRevoked     Refusal = "revoked"
	IsSuspended   Refusal = "suspended"
	StatusUnknown Refusal = "status_unknown"
	BadSignature  Refusal = "signature"
	NoCode        Refusal = "no_code"
	Weak          Refusal = "weak"
	Malformed     Refusal = "malformed"
)

// Refusals lists all of them.
func Refusals() []Refusal {
	return []Refusal{
		UnknownIssuer, Expired, NotYetValid, Usage, IsRevoked, IsSuspended, StatusUnknown, BadSignature, NoCode, Weak, Malformed,
	}
}

// Explain tells a bidder what happened and what to do next, in Chinese.
func (r Refusal) Explain() string {
	switch r {
	case UnknownIssuer:
		return "这张证书不是本系统认可的CA机构签发的。请确认插入的是办理公共资源交易业务的数字证书；没有这样的证书时，可以先用密码登录，在【数字证书】中办理。"
	case Expired:
		return "这张证书已过有效期，不能再用来登录和签名。请用密码登录，在【数字证书】中办理续期；以前用它提交的内容依然有效。"
	case NotYetValid:
		return "这张证书还没有到生效日期。请在生效日期之后再用；如果生效日期已到，请联系CA机构核对证书。"
	case Usage:
		return "这张证书不是用于签名的证书（例如加密证书或机构证书）。请在证书列表中改选同一介质里的签名证书；列表中没有签名证书时，请联系CA机构。"
	case IsRevoked:
		return "这张证书已被吊销，不能再使用。请用密码登录，在【数字证书】中重新办理；如果不是贵方申请的吊销，请尽快联系CA机构。"
	case IsSuspended:
		return "这张证书已挂失，暂时不能使用。如果介质已经找回，请联系CA机构解除挂失；找不回来时，请用密码登录，在【数字证书】中补办。"
	case StatusUnknown:
		return "暂时查不到这张证书是否仍然有效，为了您的安全本次没有通过。请几分钟后再试，或者先用密码登录；一直如此时，请联系客服。"
	case BadSignature:
		return "签名与内容对不上，本次没有通过。请刷新页面后重新签名；再次出现时，请重新插入介质，或者联系客服。"
	case NoCode:
		return "这张证书里没有统一社会信用代码或证件号码，无法知道它属于哪个主体。请换用带有代码的证书，或者联系CA机构更换。"
	case Weak:
		return "这张证书使用的密钥强度不足（RSA少于2048位），已不安全。请用密码登录，在【数字证书】中办理变更，换发新证书。"
	case Malformed:
		return "读不懂这张证书，它可能已经损坏，或者采用了本系统不支持的格式。请重新插入介质再试；仍然如此时，请联系CA机构。"
	default:
		return "证书没有通过检查。请重新插入介质再试，或者联系客服。"
	}
}

// RefusalError carries a refusal through wrapped errors. Its text is for logs:
// it names no person, number or company.
type RefusalError struct {
	Refusal Refusal
	// Err tells the detail; nil if the refusal says all.
	Err error
}

// Error implements error.
func (e *RefusalError) Error() string {
	if e.Err == nil {
		return "refused as " + string(e.Refusal)
	}
	return "refused as " + string(e.Refusal) + ": " + e.Err.Error()
}

// Unwrap returns the detail.
func (e *RefusalError) Unwrap() error { return e.Err }

// RefusalOf finds the refusal in an error, if it is one.
func RefusalOf(err error) (Refusal, bool) {
	if refusal, ok := errors.AsType[*RefusalError](err); ok {
		return refusal.Refusal, true
	}
	return "", false
}

func refuse(r Refusal, err error) error { return &RefusalError{Refusal: r, Err: err} }
