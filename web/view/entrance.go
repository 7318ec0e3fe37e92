package view

import (
	"time"

	"unireg/record/form"
)

// Step is one stage of the procedure in the flow chart of the start page. The
// caller derives it from the lifecycle; the page only draws it.
type Step struct {
	Title string
	Text  string
	By    string // who acts: 申请人, 审核人员, CA 公司
	// Back names the earlier step to which this one may send a filing back,
	// with the word for it, e.g. 退回补正; both empty where there is none.
	Back     string
	BackWord string
}

// StartModel is the public start page, 网上办事大厅.
type StartModel struct {
	Steps         []Step
	Facts         []Fact // beside the heading, e.g. 审核时限: 2 个工作日
	Announcements []Announcement
}

// Fact is a short statement with its name.
type Fact struct{ Name, Text string }

// Announcement is a notice by the authority. Href may be empty.
type Announcement struct {
	Title string
	Href  string
	On    time.Time
}

// LoginModel is the login page of subjects. It posts account, member, password,
// remember=on and next to /login.
type LoginModel struct {
	Account       string // as typed, or remembered
	Member        string // as typed; never remembered
	Remember      bool
	Next          string   // local path to go to afterwards
	Certificate   bool     // open the tab CA证书登录 (GET /login/certificate)
	Key           KeyModel // of that tab; without an agent it is not offered
	Error         string   // e.g. 账号或密码不正确; about the form as a whole
	Problems      []form.Problem
	Notices       []Notice // e.g. that the code is registered already (S03)
	Proof         bool     // a proof of work goes along with the next attempt
	Facts         []Fact
	Announcements []Announcement
}

// RegisterModel is step 1 of registration. It posts type=organization|person,
// id_type (a person's), code and proof to /register.
type RegisterModel struct {
	Type     ViewerKind
	IDTypes  []Option // identity documents; the first is the default
	IDType   string
	Code     string
	Problems []form.Problem // fields type, id_type, code, proof
	Notices  []Notice
}

// Option is an entry of a list to choose from.
type Option struct{ Value, Label string }

// RegisterDetailsModel is step 2. It posts name, password and password_again to
// /register/details; Ticket goes along as a hidden input when it is not empty.
type RegisterDetailsModel struct {
	Type     ViewerKind
	IDType   string // label of the identity document; a person's
	Code     string // shown, not posted
	Name     string
	Ticket   string
	Rules    []string // for the password
	Problems []form.Problem
}
