package record

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"unireg/record/form"
)

// MemberRole is the part in which a member acts for an organization. Whoever acts
// under the organization's certificate acts as its administrator: the key is its
// seal, whoever has it in hand. A natural person's account is an administrator's.
type MemberRole string

// The roles. Each may do what the one after it may.
const (
	Administrator MemberRole = "administrator" // 单位管理员: members, and the export of all data
	Handler       MemberRole = "handler"       // 经办: whatever is filed
	Reader        MemberRole = "reader"        // 只读: sees all, changes nothing
)

// MemberRoles are the roles, the one that may most first.
func MemberRoles() []MemberRole { return []MemberRole{Administrator, Handler, Reader} }

var memberLabels = map[MemberRole]string{Administrator: "单位管理员", Handler: "经办", Reader: "只读"}

// Label is the role's name on pages.
func (r MemberRole) Label() string { return memberLabels[r] }

// Right is what a request, or a command, takes of whoever makes it in the name of
// a subject.
type Right string

// The rights.
const (
	ToRead   Right = "read"   // what the subject sees; one's own password and sessions
	ToFile   Right = "file"   // drafts, attachments, every move of a record, imports, lists, certificates
	ToManage Right = "manage" // members, and the export of all data
)

// needed is the role that a right takes at least.
var needed = map[Right]MemberRole{ToRead: Reader, ToFile: Handler, ToManage: Administrator}

// May reports whether the role has the right. What is no role has none, and a
// right that is none is nobody's.
func (r MemberRole) May(right Right) bool {
	at, least := slices.Index(MemberRoles(), r), slices.Index(MemberRoles(), needed[right])
	return at >= 0 && at <= least
}

// The length of a member's login name, in characters.
const (
	minMemberLogin = 2
	maxMemberLogin = 30
	maxMemberName  = 50
)

// MemberLogin folds a member's login name as it was typed: half-width, lower case
// and without blanks.
func MemberLogin(typed string) string { return strings.ToLower(form.Fold(typed)) }

// MemberLoginProblem returns what keeps a folded login name from being chosen, or "".
func MemberLoginProblem(login string) string {
	switch n := utf8.RuneCountInString(login); {
	case n == 0:
		return "请填写成员用户名"
	case n < minMemberLogin:
		return "成员用户名至少 2 个字符"
	case n > maxMemberLogin:
		return "成员用户名最多 30 个字符"
	case strings.ContainsFunc(login, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
	}):
		return "成员用户名只能用汉字、字母、数字和 . - _"
	}
	return ""
}

// MemberNameProblem returns what keeps a text from being the name of a member, or "".
func MemberNameProblem(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "请填写姓名"
	case n < 2:
		return "姓名至少 2 个字"
	case n > maxMemberName:
		return "姓名最多 50 个字"
	}
	return ""
}
