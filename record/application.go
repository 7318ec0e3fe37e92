package record

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Business is what an application to the CA company is about.
type Business string

// The businesses.
const (
	BusinessApply   Business = "apply"
	BusinessRenew   Business = "renew"
	BusinessReissue Business = "reissue"
	BusinessChange  Business = "change"
	BusinessUnlock  Business = "unlock"
	BusinessRevoke  Business = "revoke"
)

var businessLabels = map[Business]string{
	BusinessApply: "申请", BusinessRenew: "续期", BusinessReissue: "补办（挂失）",
	BusinessChange: "变更", BusinessUnlock: "解锁", BusinessRevoke: "注销",
}

// Businesses lists them all, in the order of pages.
func Businesses() []Business {
	return []Business{BusinessApply, BusinessRenew, BusinessReissue, BusinessChange, BusinessUnlock, BusinessRevoke}
}

// Label is the business's name on pages; "" for none of ours.
func (b Business) Label() string { return businessLabels[b] }

// OnCertificate reports whether the business is about a certificate that exists.
func (b Business) OnCertificate() bool { return b != BusinessApply }

// Binds reports whether a certificate comes of it. An unlocking and a
// revocation end when the CA company says that they are done.
func (b Business) Binds() bool { return b != BusinessUnlock && b != BusinessRevoke }

// CertificateKind says whom a certificate stands for.
type CertificateKind string

// The kinds of certificate.
const (
	OrganizationCertificate   CertificateKind = "organization"
	RepresentativeCertificate CertificateKind = "representative"
	AgentCertificate          CertificateKind = "agent"
	PersonCertificate         CertificateKind = "person"
)

var certificateKindLabels = map[CertificateKind]string{
	OrganizationCertificate: "机构证书", RepresentativeCertificate: "法定代表人证书",
	AgentCertificate: "经办人证书", PersonCertificate: "自然人证书",
}

// Label is the kind's name on pages; "" for none of ours.
func (k CertificateKind) Label() string { return certificateKindLabels[k] }

// CertificateKinds lists the kinds for which a type of subject may apply.
func CertificateKinds(t SubjectType) []CertificateKind {
	if t == Person {
		return []CertificateKind{PersonCertificate}
	}
	return []CertificateKind{OrganizationCertificate, RepresentativeCertificate, AgentCertificate}
}

// The ways in which a key is handed over.
const (
	PickupCounter = "counter"
	PickupMail    = "mail"
)

// PickupLabel is the name of a way on pages.
func PickupLabel(pickup string) string {
	if pickup == PickupMail {
		return "邮寄"
	}
	return "窗口领取"
}

// MediumUKey is the one medium on which certificates are issued.
const MediumUKey = "ukey"

// ApplicationStatus is where an application to the CA company stands.
type ApplicationStatus string

// The statuses.
const (
	ApplicationPending    ApplicationStatus = "pending"
	ApplicationFailed     ApplicationStatus = "failed"
	ApplicationSent       ApplicationStatus = "sent"
	ApplicationInProgress ApplicationStatus = "in_progress"
	ApplicationSupplement ApplicationStatus = "supplement"
	ApplicationPayment    ApplicationStatus = "payment"
	ApplicationProducing  ApplicationStatus = "producing"
	ApplicationIssued     ApplicationStatus = "issued"
	ApplicationBound      ApplicationStatus = "bound"
	ApplicationRejected   ApplicationStatus = "rejected"
	ApplicationWithdrawn  ApplicationStatus = "withdrawn"
)

// applicationTable is every status with its name and the statuses that may
// follow. The transaction's guard, the buttons drawn and the tests read it.
var applicationTable = []struct {
	status ApplicationStatus
	label  string
	next   []ApplicationStatus
}{
	{ApplicationPending, "待发送", []ApplicationStatus{ApplicationFailed, ApplicationSent, ApplicationWithdrawn}},
	{ApplicationFailed, "发送失败", []ApplicationStatus{ApplicationPending, ApplicationSent, ApplicationWithdrawn}},
	{ApplicationSent, "已发送", []ApplicationStatus{ApplicationInProgress, ApplicationRejected, ApplicationWithdrawn}},
	{ApplicationInProgress, "受理中", []ApplicationStatus{
		ApplicationSupplement, ApplicationPayment, ApplicationProducing, ApplicationRejected, ApplicationWithdrawn,
	}},
	{ApplicationSupplement, "补正", []ApplicationStatus{ApplicationInProgress, ApplicationRejected, ApplicationWithdrawn}},
	{ApplicationPayment, "待支付", []ApplicationStatus{ApplicationProducing, ApplicationRejected, ApplicationWithdrawn}},
	{ApplicationProducing, "制证", []ApplicationStatus{ApplicationIssued}},
	{ApplicationIssued, "已签发", []ApplicationStatus{ApplicationBound}},
	{ApplicationBound, "已绑定", nil},
	{ApplicationRejected, "拒绝", nil},
	{ApplicationWithdrawn, "撤销", nil},
}

// ApplicationStatuses lists them all, in the order of the procedure.
func ApplicationStatuses() []ApplicationStatus {
	all := make([]ApplicationStatus, 0, len(applicationTable))
	for _, row := range applicationTable {
		all = append(all, row.status)
	}
	return all
}

// Label is the status's name on pages; "" for none of ours.
func (s ApplicationStatus) Label() string {
	for _, row := range applicationTable {
		if row.status == s {
			return row.label
		}
	}
	return ""
}

// LabelFor is the name for an application of that business: for an unlocking or a
// revocation nothing is made or issued, it is carried out and done.
func (s ApplicationStatus) LabelFor(b Business) string {
	switch {
	case s == ApplicationIssued && !b.Binds():
		return "已办结"
	case s == ApplicationProducing && !b.Binds():
		return "办理中"
	}
	return s.Label()
}

// Open reports whether anything may follow.
func (s ApplicationStatus) Open() bool {
	for _, row := range applicationTable {
		if row.status == s {
			return len(row.next) > 0
		}
	}
	return false
}

// Delivered reports whether the CA company has the application.
func (s ApplicationStatus) Delivered() bool {
	return s != ApplicationPending && s != ApplicationFailed
}

// Leads reports whether an application may go from one status to the other.
func (s ApplicationStatus) Leads(to ApplicationStatus) bool {
	for _, row := range applicationTable {
		if row.status == s {
			return slices.Contains(row.next, to)
		}
	}
	return false
}

// AwaitsCA reports whether the next step is the CA company's: its silence then
// is a fault. A supplement and a payment are the subject's turn.
func (s ApplicationStatus) AwaitsCA() bool {
	return s.Open() && s != ApplicationSupplement && s != ApplicationPayment && s != ApplicationIssued
}

// Party is a person in an application.
type Party struct {
	Name     string `json:"name"`
	IDType   string `json:"id_type,omitempty"` // a code of IDDocumentTypes
	IDNumber string `json:"id_number,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Email    string `json:"email,omitempty"`
}

// CertificateName names a certificate by its issuer and number.
type CertificateName struct {
	Issuer string `json:"issuer"` // distinguished name
	Serial string `json:"serial"` // upper-case hexadecimal
}

// CABundle is what an application hands to the CA company, frozen when it was
// accepted.
type CABundle struct {
	Reference   ID               `json:"reference"`
	Business    Business         `json:"business"`
	Kind        CertificateKind  `json:"certificate_kind"`
	Medium      string           `json:"medium"`
	Years       int              `json:"years"`
	Pickup      string           `json:"pickup"`
	MailAddress string           `json:"mail_address,omitempty"`
	Certificate *CertificateName `json:"certificate,omitempty"` // nil for a first one

	Type    SubjectType `json:"type"`
	Name    string      `json:"name"`
	Code    string      `json:"code"`
	IDType  string      `json:"id_type,omitempty"` // persons only
	Region  string      `json:"region,omitempty"`  // its full name
	Address string      `json:"address,omitempty"`
	Phone   string      `json:"phone,omitempty"`

	Representative Party     `json:"representative"` // of a person: the person
	Agent          Party     `json:"agent"`
	AppliedAt      time.Time `json:"applied_at"`
}

// Bundler is a document from which an application can be made: it fills in who
// applies, and who represents and acts for them.
type Bundler interface {
	Document
	// Bundle fills the bundle in from the document.
	Bundle(*CABundle)
	// BundleSections names the sections that must have no problem before an
	// application of that kind of certificate.
	BundleSections(CertificateKind) []string
}

// Bundle fills in organization, representative and agent. Until an agent is
// named the representative acts.
func (d *OrganizationDocument) Bundle(b *CABundle) {
	b.Type, b.Name, b.Code = Organization, d.LegalName, d.LegalCode
	b.Region, b.Address, b.Phone = d.Region.Name, d.Address, d.Representative.Phone
	b.Representative = Party{
		Name: d.Representative.Name, IDType: d.Representative.IDType.Code, IDNumber: d.Representative.IDNumber, Phone: d.Representative.Phone,
	}
	b.Agent = Party{Name: d.Agent.Name, IDNumber: d.Agent.IDNumber, Phone: d.Agent.Mobile, Email: d.Agent.Email}
	if b.Agent.Name == "" {
		b.Agent = b.Representative
	}
}

// BundleSections are 单位信息 and 法定代表人, for an agent's certificate 经办人 too.
func (d *OrganizationDocument) BundleSections(k CertificateKind) []string {
	sections := []string{"organization", "representative"}
	if k == AgentCertificate {
		sections = append(sections, "contact")
	}
	return sections
}

// Bundle fills in the person, who represents and acts for themselves.
func (d *PersonDocument) Bundle(b *CABundle) {
	b.Type, b.Name, b.Code, b.IDType = Person, d.Name, d.IDNumber, d.IDType.Code
	b.Region, b.Address, b.Phone = d.Region.Name, d.Address, d.Mobile
	b.Representative = Party{Name: d.Name, IDType: d.IDType.Code, IDNumber: d.IDNumber, Phone: d.Mobile, Email: d.Email}
	b.Agent = b.Representative
}

// BundleSections are the person's own data.
func (d *PersonDocument) BundleSections(CertificateKind) []string {
	return []string{"person", "contact"}
}

// Counter is a place where the CA company takes papers (受理点).
type Counter struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Hours   string `json:"hours,omitempty"`
	Phone   string `json:"phone,omitempty"`
}

// Acceptance is the CA company's word that it took an application in.
type Acceptance struct {
	OrderNo  string    `json:"order_no"`
	Papers   []string  `json:"papers"` // what to bring
	Counters []Counter `json:"counters"`
}

// CAFailure names why a call of the CA company came to nothing.
type CAFailure string

// The failures.
const (
	CAUnreachable  CAFailure = "unreachable"  // no connection, or it broke
	CATimeout      CAFailure = "timeout"      // no answer in time
	CAForbidden    CAFailure = "egress"       // the address is none that may be called
	CABroken       CAFailure = "status"       // it answered with a failure of its own
	CAMalformed    CAFailure = "malformed"    // its answer is not what was agreed
	CAUnauthorized CAFailure = "unauthorized" // it does not know our signature or token
	CAConflict     CAFailure = "conflict"     // it holds something else under the reference
	CAUnconfigured CAFailure = "unconfigured" // there is no CA company to call
)

// Explain says what staff and subject may make of a failure.
func (f CAFailure) Explain() string { return failureTexts[f] }

var failureTexts = map[CAFailure]string{
	CAUnreachable:  "暂时无法连接 CA 公司的系统，系统将自动重试。",
	CATimeout:      "CA 公司的系统没有在限定时间内答复，系统将自动重试。",
	CAForbidden:    "CA 公司的地址不在允许访问的范围内，请联系服务热线。",
	CABroken:       "CA 公司的系统暂时出错，系统将自动重试。",
	CAMalformed:    "CA 公司的答复无法识别，系统将自动重试。",
	CAUnauthorized: "CA 公司的系统未认可本系统的身份，请联系服务热线。",
	CAConflict:     "CA 公司的系统中该申请的内容不一致，请联系服务热线。",
	CAUnconfigured: "尚未设置 CA 公司的接口，请联系服务热线。",
}

// CAAnswer is what the CA company said to a call, or why it said nothing.
type CAAnswer struct {
	// Failure is why the call came to nothing; "" when it was answered.
	Failure CAFailure
	// Cause is the failure in full, for the log.
	Cause error
	// Refused tells that the request was refused for good, and Reason why.
	Refused bool
	Reason  string
	// Unknown tells that the CA company has no such application.
	Unknown    bool
	Acceptance Acceptance // of an application that was handed over
	Events     [][]byte   // of a state, as received, in their order
}

// CAEventType says what happened to an application, or to a certificate.
type CAEventType string

// The types. The last three are about a certificate, the others about an
// application.
const (
	CAAccepted   CAEventType = "accepted"
	CASupplement CAEventType = "supplement"
	CAPayment    CAEventType = "payment"
	CAProducing  CAEventType = "producing"
	CAIssued     CAEventType = "issued"
	CARejected   CAEventType = "rejected"
	CAWithdrawn  CAEventType = "withdrawn"
	CARevoked    CAEventType = "revoked"
	CASuspended  CAEventType = "suspended"
	CAResumed    CAEventType = "resumed"
)

var eventStatuses = map[CAEventType]ApplicationStatus{
	CAAccepted: ApplicationInProgress, CASupplement: ApplicationSupplement, CAPayment: ApplicationPayment,
	CAProducing: ApplicationProducing, CAIssued: ApplicationIssued, CARejected: ApplicationRejected, CAWithdrawn: ApplicationWithdrawn,
}

// Status is where an event puts an application; "" for one about a certificate.
func (t CAEventType) Status() ApplicationStatus { return eventStatuses[t] }

// OnCertificate reports whether the event is about a certificate.
func (t CAEventType) OnCertificate() bool {
	return t == CARevoked || t == CASuspended || t == CAResumed
}

// The uses of an issued certificate.
const (
	UseSigning    = "signing"
	UseEncryption = "encryption"
)

// IssuedCertificate is a certificate as the CA company hands it over: PEM, the
// certificate first, its intermediates after it.
type IssuedCertificate struct {
	Use string `json:"use"`
	PEM string `json:"pem"`
}

// CAEvent is one thing that the CA company told.
type CAEvent struct {
	ID           string              `json:"id"`
	Reference    ID                  `json:"reference,omitempty"`
	Sequence     int                 `json:"sequence,omitempty"`
	Type         CAEventType         `json:"type"`
	At           time.Time           `json:"at"`
	Reason       string              `json:"reason,omitempty"`
	OrderNo      string              `json:"order_no,omitempty"`
	Certificate  *CertificateName    `json:"certificate,omitempty"`
	Certificates []IssuedCertificate `json:"certificates,omitempty"`
}

var (
	eventIDPattern = regexp.MustCompile(`^[!-~]{1,100}$`)
	uuidPattern    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	serialPattern  = regexp.MustCompile(`^[0-9A-F]{1,64}$`)
)

const (
	maxReason  = 500 // characters
	maxOrderNo = 64  // characters
	// maxSequence is more than any application can live through.
	maxSequence = 10_000
)

// ParseCAEvent reads an event as the CA company writes it. An error of code
// Invalid says what is wrong with it.
func ParseCAEvent(body []byte) (CAEvent, error) {
	var e CAEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return CAEvent{}, Errorf(Invalid, "正文不是约定的 JSON")
	}
	if fault := e.fault(); fault != "" {
		return CAEvent{}, Errorf(Invalid, fault)
	}
	return e, nil
}

// fault says what keeps an event from being taken in; "" for nothing.
func (e *CAEvent) fault() string {
	switch {
	case !eventIDPattern.MatchString(e.ID):
		return "id 须为 1 至 100 个可见字符"
	case e.At.IsZero():
		return "缺少 at"
	case len([]rune(e.Reason)) > maxReason:
		return fmt.Sprintf("reason 超过 %d 个字符", maxReason)
	case len([]rune(e.OrderNo)) > maxOrderNo:
		return fmt.Sprintf("order_no 超过 %d 个字符", maxOrderNo)
	case e.Type.OnCertificate():
		return e.certificateFault()
	case e.Type.Status() == "":
		return "type 不在约定的范围内"
	case !uuidPattern.MatchString(string(e.Reference)):
		return "缺少 reference，或不是申请编号"
	case e.Sequence < 1 || e.Sequence > maxSequence:
		return "缺少 sequence，或超出范围"
	}
	for _, c := range e.Certificates {
		if c.Use != UseSigning && c.Use != UseEncryption || c.PEM == "" {
			return "certificates 须写明 use 与 pem"
		}
	}
	return ""
}

func (e *CAEvent) certificateFault() string {
	if e.Certificate == nil || e.Certificate.Issuer == "" || !serialPattern.MatchString(e.Certificate.Serial) {
		return "缺少 certificate 的 issuer 或 serial"
	}
	if e.Reference != "" || e.Sequence != 0 {
		return "证书事件不带 reference 和 sequence"
	}
	return ""
}

// HandoffPlan is what is awaited for an application that the CA company has,
// or is to get. Zero instants never come.
type HandoffPlan struct {
	PollAt     time.Time
	EscalateAt time.Time
}

// HandoffPlanFor says when to ask the CA company, and when its silence is to be
// told to staff: heard is its last word or, without any, when the application
// was accepted. now is the instant of the last look.
func (p Policy) HandoffPlanFor(s ApplicationStatus, heard, now time.Time) HandoffPlan {
	var plan HandoffPlan
	if !s.Open() {
		return plan
	}
	if s.Delivered() && p.CAPollEvery > 0 {
		plan.PollAt = now.Add(p.CAPollEvery)
	}
	if s.AwaitsCA() {
		plan.EscalateAt = p.Calendar.AddWorkingDays(heard, p.CASilenceDays)
	}
	return plan
}
