package record

import (
	"time"

	"unireg/record/form"
)

// Actor is who gives a command.
type Actor struct {
	Role        Role
	ID          ID // account or staff member; "" for the clock
	Session     ID
	Assurance   Assurance
	Certificate string // SHA-256 of the certificate of a certificate session, lower-case hex
}

// Remark is a reviewer's word on one field of a returned filing.
type Remark struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Command is what somebody asks for. Its id is a nonce drawn into the form, so
// a double click, a retry and a replay are all the same command.
type Command struct {
	ID      ID
	Record  ID
	Subject ID
	Kind    Kind
	Move    Move
	Actor   Actor
	// Content is the canonical document of a submit, nil for other moves.
	Content []byte
	// Files are the attachments that Content refers to.
	Files []form.File
	// Draft is the version of the draft that a submit freezes.
	Draft int
	// Expected is the record's revision that the actor saw.
	Expected int
	Reason   string
	Remarks  []Remark
	// Signature is the evidence of a submit under a certificate, as package
	// certificate encodes it; Digest the SHA-256 of the document that it covers.
	Signature []byte
	Digest    []byte
}

// Receipt proves that a command was accepted.
type Receipt struct {
	Number     string
	Command    ID
	AcceptedAt time.Time
}

// Refusal says why an accepted command had no effect.
type Refusal string

// The refusals.
const (
	RefusedState       Refusal = "state"         // the move is not legal from where the record stands
	RefusedVersion     Refusal = "version"       // the record changed since the actor saw it
	RefusedProblems    Refusal = "problems"      // the document has problems
	RefusedAssurance   Refusal = "assurance"     // the kind takes a certificate session
	RefusedDisabled    Refusal = "disabled"      // the account or staff member is disabled
	RefusedOwnFiling   Refusal = "own_filing"    // the reviewer appears in the filing
	RefusedSamePerson  Refusal = "same_reviewer" // four eyes: the second reviewer is the first
	RefusedNotClaimed  Refusal = "not_claimed"   // another reviewer holds the filing
	RefusedDecided     Refusal = "decided"       // another reviewer's decision on the filing waits to take effect
	RefusedAssigned    Refusal = "assigned"      // the filing was handed to another reviewer
	RefusedDuplicate   Refusal = "duplicate"     // uniqueness, checked by index
	RefusedCancelled   Refusal = "cancelled"     // undone before it took effect
	RefusedUnscanned   Refusal = "unscanned"     // an attachment waits for its virus scan
	RefusedInfected    Refusal = "infected"      // the virus scan found something in an attachment
	RefusedIdentity    Refusal = "identity"      // the document is not the subject's own
	RefusedNoAuthority Refusal = "authority"     // the role may not make the move
	RefusedEmployed    Refusal = "employed"      // the person is in force at another organization
	RefusedCertificate Refusal = "certificate"   // the certificate did not count when the command was accepted
)

// Explain says in the person's language what happened and what to do next.
func (r Refusal) Explain() string {
	return refusalTexts[r]
}

var refusalTexts = map[Refusal]string{
	RefusedState:       "办理时该记录的状态已经改变，这一步不再适用。请刷新页面查看最新状态。",
	RefusedVersion:     "办理时该记录已有更新的内容。请刷新页面，核对后重新操作。",
	RefusedProblems:    "内容有需要修改的地方，请按提示修改后重新提交。",
	RefusedAssurance:   "该类信息须使用 CA 证书登录后提交，填写的内容已保留在草稿中。",
	RefusedDisabled:    "账号已停用，本次操作未生效。",
	RefusedOwnFiling:   "审核人员与该申报有关联，须由其他人员办理。",
	RefusedSamePerson:  "初审与复核须由两名不同人员办理。",
	RefusedNotClaimed:  "该件由其他审核人员办理中。",
	RefusedDecided:     "该件已由其他审核人员作出决定，即将生效。",
	RefusedAssigned:    "该件已分派给其他审核人员。",
	RefusedDuplicate:   "与已有的有效记录重复，请核对后再提交。",
	RefusedEmployed:    "该人员已有一条有效的执业登记，同一人员只能在一个单位有效。如在其他单位登记，请该人员联系原单位办理“解除聘用”后再提交；如在本单位已有登记，请变更原有记录。填写的内容已保留在草稿中。",
	RefusedCancelled:   "操作已在生效前撤销。",
	RefusedUnscanned:   "附件尚未完成病毒扫描，暂不能通过。",
	RefusedInfected:    "有附件未通过病毒扫描，不能通过，须由申报人删除该附件并重新上传后再提交。",
	RefusedIdentity:    "内容中的代码或证件号码与注册时不一致，请联系服务热线。",
	RefusedNoAuthority: "当前角色不能进行这项操作。",
	RefusedCertificate: "提交时所用的 CA 证书已吊销、挂失或过期，本次提交未生效。填写的内容已保留在草稿中，请换用有效的证书登录后重新提交。",
}

// Outcome is what became of a command.
type Outcome struct {
	Command ID
	Applied bool
	Refusal Refusal // when not applied
	State   State   // of the record afterwards
	At      time.Time
}
