package record

import (
	"cmp"
	"strings"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// Listing is what a list shows of a document and finds it by, beside its
// title. Nothing of it is sensitive: lists are kept in the clear.
type Listing struct {
	Cells   []string  // one for each of the kind's Columns
	Find    []string  // further texts that a search looks through
	On      form.Date // by which a list is sorted; "" sorts last
	Expires form.Date // last day on which the document counts; "" for ever
	Note    string    // what tells namesakes apart where the record is chosen
}

// Listed is a document of a kind of which a subject has many.
type Listed interface {
	Document
	Listing() Listing
}

// Distinct is a document of which one may be in force at a time.
type Distinct interface {
	Document
	// Unique is what two records must not share, "" for nothing yet.
	Unique() string
}

// The rules and texts that several kinds share.

func titled(text, otherwise string) string { return cmp.Or(strings.TrimSpace(text), otherwise) }

func joined(texts []string) string { return strings.Join(filled(texts...), "、") }

// lastPart is the lowest level of a full name of a code.
func lastPart(name string) string {
	parts := strings.Split(name, " / ")
	return parts[len(parts)-1]
}

// firstPart is a name without what stands in brackets behind it.
func firstPart(name string) string {
	head, _, _ := strings.Cut(name, "（")
	return head
}

func firstOf(texts []string) string {
	if all := filled(texts...); len(all) > 0 {
		return all[0]
	}
	return ""
}

func positive(d form.Decimal) string {
	if !d.Positive() {
		return "请填写大于 0 的数字，例如 12800000"
	}
	return ""
}

// after says that the later date does not come after the earlier one.
func after(later, earlier form.Date, label string) string {
	if earlier != "" && !earlier.Before(later) {
		return "须晚于" + label + " " + string(earlier)
	}
	return ""
}

// notBefore says that the later date comes before the earlier one.
func notBefore(later, earlier form.Date, label string) string {
	if later.Before(earlier) {
		return "不能早于" + label + " " + string(earlier)
	}
	return ""
}

// notExpired says that a certificate to be filed no longer counts.
func notExpired(d form.Date, today time.Time) string {
	if Expired(d, today) {
		return "证书已过期，不能提交；请换领后填写新的有效期"
	}
	return ""
}

// Expired reports whether the last day of validity lies before today. A date
// that is empty or malformed never expires, nor does anything at the zero time.
func Expired(d form.Date, today time.Time) bool {
	return !today.IsZero() && d.Before(form.Date(today.In(Shanghai).Format(time.DateOnly)))
}

// validity is the finding on a certificate's last day.
func validity(label string, until form.Date, today time.Time) Finding {
	f := Finding{
		OK: !Expired(until, today), Text: label + "在有效期内", Note: "有效期至 " + string(until),
		Evidence: []Evidence{{"有效期至", string(until)}, {"核对日期", today.In(Shanghai).Format(time.DateOnly)}},
	}
	if !f.OK {
		f.Text = label + "已过期"
	}
	return f
}

// bornOtherwise says that a birth date is not the one in the identity number.
func bornOtherwise(idType, number string, born form.Date) string {
	told, ok := ResidentIDBirthDate(number)
	if idType == codes.IDDocumentResident && ok && string(born) != told.Format(time.DateOnly) {
		return "出生日期与身份证号码不一致，应为 " + told.Format(time.DateOnly)
	}
	return ""
}
