package web

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// memberInput is the form of a staff member as it was typed.
type memberInput struct {
	login, name, identity string
	role                  record.Role
	regions               []string // digits, those of the cascade among them unless it is drawn anew
	region                string   // where the lists of the cascade stand
	kinds                 []record.Kind
	revision              int
	redraw                bool // a button only wants the form drawn anew
	problems              []form.Problem
}

// readMember reads a posted form.
func readMember(fields url.Values) memberInput {
	typed := memberInput{
		login: storage.NormalizeLogin(fields.Get("login")), name: form.Clean(fields.Get("name")), identity: record.NormalizeCode(fields.Get("identity")),
		role: record.Role(fields.Get("role")), revision: number(fields.Get("revision")), region: deepest(fields["region"]),
	}
	for _, region := range fields["regions"] {
		typed.addRegion(region)
	}
	for _, kind := range fields["kinds"] {
		typed.kinds = append(typed.kinds, record.Kind(kind))
	}
	switch fields.Get("do") {
	case "levels":
		typed.redraw = true
	case "add":
		typed.redraw = true
		fallthrough
	default:
		if typed.region != "" {
			typed.addRegion(typed.region)
			typed.region = ""
		}
	}
	return typed
}

func (m *memberInput) addRegion(region string) {
	if region = record.RegionDigits(region); !slices.Contains(m.regions, region) {
		m.regions = append(m.regions, region)
	}
}

// deepest is where the lists of a cascade lead: without scripts a list below may
// still stand at what was chosen before the one above it was changed.
func deepest(levels []string) string {
	at := ""
	for _, code := range levels {
		if entry, ok := codes.Regions.Lookup(code); !ok || entry.Parent != at {
			break
		}
		at = code
	}
	return at
}

func (m *memberInput) wrong(field, label, message string) {
	m.problems = append(m.problems, form.Problem{Field: field, Label: label, Message: message})
}

const maxStaffName = 50

var loginShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

// check judges what was typed; a new member has a login and an identity number,
// too.
func (m *memberInput) check(added bool) []form.Problem {
	if added {
		switch {
		case m.login == "":
			m.wrong("login", "登录名", "请填写登录名")
		case !loginShape.MatchString(m.login):
			m.wrong("login", "登录名", "登录名为 2 至 64 个小写字母、数字和 . _ -，以字母或数字开头")
		case strings.HasPrefix(m.login, storage.DemoLogin):
			m.wrong("login", "登录名", "以 "+storage.DemoLogin+" 开头的登录名是演示账号，请换一个")
		}
	}
	switch n := len([]rune(m.name)); {
	case n == 0:
		m.wrong("name", "姓名", "请填写姓名")
	case n > maxStaffName:
		m.wrong("name", "姓名", "姓名最多 50 个字")
	}
	if added {
		if problem := record.ResidentIDProblem(m.identity, time.Now()); problem != "" {
			m.wrong("identity", "身份证号码", problem)
		}
	}
	if !m.role.IsStaff() {
		m.wrong("role", "角色", "请选择角色")
	} else if _, err := record.CheckScope(record.Scope{Role: m.role, Regions: m.regions}); err != nil {
		m.wrong("regions", "地区", messageOf(err))
	} else if _, err := record.CheckScope(record.Scope{Role: m.role, Kinds: m.kinds}); err != nil {
		m.wrong("kinds", "事项", messageOf(err))
	}
	return m.problems
}

// roleNotes say what each role may.
var roleNotes = map[record.Role]string{
	record.Reviewer:   "领取申报，通过或退回补正",
	record.Confirmer:  "审核员的全部权限，并办理关键变更和抽查的复核",
	record.Supervisor: "复核员的全部权限，并管理工作人员、分派、重新审核和占用申诉",
}

// form is the form with what was typed, for a new member unless the page says
// otherwise.
func (m memberInput) form() view.MemberForm {
	f := view.MemberForm{
		Action: "/staff/members", New: true, Login: m.login, Name: m.name, Identity: m.identity, Region: m.region,
		Revision: m.revision, Problems: m.problems,
	}
	for _, role := range record.StaffRoles() {
		f.Roles = append(f.Roles, view.ScopeChoice{
			Option: view.Option{Value: string(role), Label: role.Label()}, Note: roleNotes[role], On: role == m.role,
		})
	}
	for _, kind := range record.Kinds() {
		f.Kinds = append(f.Kinds, view.ScopeChoice{
			Option: view.Option{Value: string(kind), Label: kindName(kind)}, On: slices.Contains(m.kinds, kind),
		})
	}
	for i, name := range regionNames(m.regions) {
		f.Regions = append(f.Regions, view.Option{Value: m.regions[i], Label: name})
	}
	return f
}

// kindName tells the two kinds of 基本信息 apart.
func kindName(kind record.Kind) string {
	definition, ok := record.DefinitionOf(kind)
	if ok && kind.Profile() {
		return definition.Label + "（" + definition.Subject.Label() + "）"
	}
	return definition.Label
}

func kindNames(kinds []record.Kind) []string {
	var names []string
	for _, kind := range kinds {
		names = append(names, kindName(kind))
	}
	return names
}

// regionNames are the full names of regions given by their digits.
func regionNames(regions []string) []string {
	var names []string
	for _, region := range regions {
		name := record.RegionOf(region)
		if name == "" {
			name = region
		}
		names = append(names, name)
	}
	return names
}

// scopeText is a scope in one line, for people.
func scopeText(v *visit, name string, scope record.Scope) string {
	parts := []string{v.shown(scope.Role.Label()), v.tr("全部地区"), v.tr("全部事项")}
	if len(scope.Regions) > 0 {
		parts[1] = strings.Join(regionNames(scope.Regions), v.tr("、"))
	}
	if len(scope.Kinds) > 0 {
		parts[2] = v.shown(strings.Join(kindNames(scope.Kinds), "、"))
	}
	if name != "" {
		parts = append([]string{name}, parts...)
	}
	return strings.Join(parts, v.tr("，"))
}
