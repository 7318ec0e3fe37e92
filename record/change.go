package record

import "time"

// ChangeType names what a change of an organization is to those who rely on it.
type ChangeType string

// The changes. Nothing of the kind happens when a day passes: what expires tells
// its last day beforehand.
const (
	ChangeEffective            ChangeType = "effective" // a version counts from here on
	ChangeVoided               ChangeType = "voided"
	ChangeRestored             ChangeType = "restored"
	ChangeReleased             ChangeType = "released" // a practitioner is free for another organization
	ChangeClosed               ChangeType = "closed"   // the registration was closed before anything of it counted
	ChangeCertificateBound     ChangeType = "certificate_bound"
	ChangeCertificateRevoked   ChangeType = "certificate_revoked"
	ChangeCertificateSuspended ChangeType = "certificate_suspended"
	ChangeCertificateResumed   ChangeType = "certificate_resumed"

	// ChangeTest is what a test message says: nothing has changed. No feed has it.
	ChangeTest ChangeType = "test"
)

var changeLabels = map[ChangeType]string{
	ChangeEffective: "登记或变更生效", ChangeVoided: "作废", ChangeRestored: "取消作废", ChangeReleased: "解除聘用", ChangeClosed: "注册关闭",
	ChangeCertificateBound: "证书绑定", ChangeCertificateRevoked: "证书吊销", ChangeCertificateSuspended: "证书挂失", ChangeCertificateResumed: "证书解除挂失",
}

// ChangeTypes lists them, those of records first.
func ChangeTypes() []ChangeType {
	return []ChangeType{
		ChangeEffective, ChangeVoided, ChangeRestored, ChangeReleased, ChangeClosed,
		ChangeCertificateBound, ChangeCertificateRevoked, ChangeCertificateSuspended, ChangeCertificateResumed,
	}
}

// Label is the change's name on pages, "" for a type that is none.
func (t ChangeType) Label() string { return changeLabels[t] }

// Change is one entry of the feed: that something took effect, and for whom. What
// it was is asked for by the code.
type Change struct {
	ID      ID     // the same wherever and however often it is told
	Code    string // 统一社会信用代码; "" in a test
	Type    ChangeType
	Kind    Kind // of the record; "" where it is about none
	Record  ID   // "" where it is about none
	Version int  // that counts, or counted; 0 without a record
	At      time.Time
}

// Message is what a subscriber is sent.
type Message struct {
	ID      string // the same at every attempt
	URL     string
	Secrets []string // each of them signs
	Change  Change
}

// Attempt is what became of one attempt to send a message.
type Attempt struct {
	Status  int // of HTTP; 0 where no answer came
	Failure DeliveryFailure
	Took    time.Duration
}

// Delivered reports whether the subscriber took the message.
func (a Attempt) Delivered() bool { return a.Failure == "" }

// DeliveryFailure names why a message was not delivered.
type DeliveryFailure string

// The failures.
const (
	DeliveryUnreachable DeliveryFailure = "unreachable"
	DeliveryTimeout     DeliveryFailure = "timeout"
	DeliveryForbidden   DeliveryFailure = "forbidden" // the address leads where we do not call
	DeliveryRedirected  DeliveryFailure = "redirected"
	DeliveryGone        DeliveryFailure = "gone" // 410: it wants no more
	DeliveryRefused     DeliveryFailure = "refused"
)

var deliveryFailures = map[DeliveryFailure]string{
	DeliveryUnreachable: "连接不上", DeliveryTimeout: "超时未答复", DeliveryForbidden: "地址不允许访问", DeliveryRedirected: "要求转到其他地址，未跟随",
	DeliveryGone: "对方答复不再接收（410）", DeliveryRefused: "对方答复未接收",
}

// Label is the failure in words.
func (f DeliveryFailure) Label() string { return deliveryFailures[f] }
