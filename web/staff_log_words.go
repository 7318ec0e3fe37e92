package web

import (
	"cmp"
	"strings"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// logGroup is one way to narrow the log: the types of a sort, in words.
type logGroup struct {
	name, label string
	words       []logWord
}

// logWord is a type of event and what the log calls it.
type logWord struct{ name, word string }

var logGroups = []logGroup{
	{"review", "审核办理", reviewWords()},
	{"handover", "分派转交", []logWord{{storage.EventHandedOver, "转交"}}},
	{"reveal", "查看完整信息", []logWord{{storage.EventRevealed, "查看完整敏感信息"}, {storage.EventClaimRevealed, "查看申诉人电话"}, {storage.EventPrinted, "打印申请表"}}},
	{"claim", "占用申诉", []logWord{
		{storage.EventClaimGranted, "申诉成立，移交账号"}, {storage.EventClaimRefused, "驳回申诉"}, {storage.EventClaimCode, "重新生成设置码"},
	}},
	{"account", "申报人账号", []logWord{
		{storage.EventTakenOver, "账号移交给证书或申诉的持有人"},
		{storage.EventAccountDisabled, "停用申报人账号"},
		{storage.EventAccountEnabled, "启用申报人账号"},
		{storage.EventPasswordChanged, "重置申报人密码"},
		{storage.EventResetOpened, "柜台开具密码重置链接"},
		{storage.EventResetRevoked, "作废密码重置链接"},
		{storage.EventResetMailed, "邮件发送密码重置链接"},
		{storage.EventContactVerified, "设置接收消息的地址"},
		{storage.EventContactRemoved, "移除接收消息的地址"},
		{storage.EventSessionEnded, "结束申报人会话"},
	}},
	{"staff", "工作人员", []logWord{
		{storage.EventStaffAdded, "新增工作人员"},
		{storage.EventStaffChanged, "修改工作人员"},
		{storage.EventStaffDisabled, "停用账号"},
		{storage.EventStaffEnabled, "启用账号"},
		{storage.EventStaffAbsent, "标记离岗"},
		{storage.EventStaffPresent, "标记在岗"},
		{storage.EventStaffPassword, "修改密码"},
		{storage.EventStaffFactor, "重置动态口令"},
		{storage.EventStaffEnrolled, "设置动态口令"},
	}},
	{"system", "系统设置", []logWord{
		{storage.EventRulesChanged, "修改时限或日历"},
		{storage.EventCodesImported, "导入代码表"},
		{storage.EventRepaired, "核对后修复"},
		{storage.EventKeyAdded, "新增接口密钥"},
		{storage.EventKeyRevoked, "停用接口密钥"},
		{storage.EventSubscriberAdded, "新增订阅方"},
		{storage.EventSubscriberChanged, "修改订阅方"},
		{storage.EventSubscriberPaused, "暂停向订阅方推送"},
		{storage.EventSubscriberResumed, "恢复向订阅方推送"},
		{storage.EventSubscriberSuspended, "系统停止向订阅方推送"},
		{storage.EventSubscriberRemoved, "移除订阅方"},
		{storage.EventSigningExchanged, "更换订阅方的签名密钥"},
		{storage.EventSigningRetired, "停用订阅方的旧密钥"},
		{storage.EventDeliveryAsked, "要求向订阅方发送消息"},
		{storage.EventPhraseAdded, "新增共用常用意见"},
		{storage.EventPhraseChanged, "修改共用常用意见"},
		{storage.EventPhraseRemoved, "删除共用常用意见"},
	}},
}

// reviewWords are the moves of staff, and those that had no effect.
func reviewWords() []logWord {
	var words []logWord
	for _, move := range record.Moves() {
		if t, ok := record.TransitionOf(move); ok && t.By.IsStaff() {
			words = append(words, logWord{string(move), move.Label()})
		}
	}
	return append(words, logWord{storage.EventRefused, "决定未生效"})
}

func (g logGroup) types() []string {
	var types []string
	for _, w := range g.words {
		types = append(types, w.name)
	}
	return types
}

// wordOf is what the log calls a type of event.
func wordOf(eventType string) string {
	return cmp.Or(wordIn(logGroups, eventType), "其他操作（"+eventType+"）")
}

// deed is wordOf for what is no move and no refused one, of which a time line tells
// more; "" for those and for what the log has no word for.
func deed(eventType string) string { return wordIn(logGroups[1:], eventType) }

func wordIn(groups []logGroup, eventType string) string {
	for _, g := range groups {
		for _, w := range g.words {
			if w.name == eventType {
				return w.word
			}
		}
	}
	return ""
}

// logRow is an entry in words. names are those of all staff.
func logRow(v *visit, e storage.LogEntry, names map[record.ID]string) view.LogRow {
	row := view.LogRow{At: e.At, Who: names[e.Actor], Role: e.Role.Label(), What: wordOf(e.Type), Detail: logDetail(v, e, names), RecordID: string(e.Record)}
	switch {
	case e.Actor == "" && e.Role.IsStaff():
		row.Who, row.Role = v.tr("命令行"), ""
	case e.Actor == "":
		row.Who, row.Role = v.tr("系统"), ""
	}
	if e.Type == storage.EventRefused {
		row.What, row.Refused = record.Move(e.Text("move")).Label(), true
	}
	if e.Record != "" {
		row.Link = view.Link{Href: staffRecordPath(e.Record), Text: kindName(e.Kind)}
	}
	return row
}

// logDetail says what an entry's data tell.
func logDetail(v *visit, e storage.LogEntry, names map[record.ID]string) string {
	member := func(key string) string { return names[record.ID(e.Text(key))] }
	switch e.Type {
	case storage.EventRefused:
		return v.shown(record.Refusal(e.Text("refusal")).Explain())
	case storage.EventHandedOver:
		return handedText(v, member("taken"), member("given"))
	case storage.EventRevealed:
		if no, ok := e.Data["version"].(float64); ok {
			return v.tr("第 %.0f 版", no)
		}
	case storage.EventCodesImported:
		return v.tr("%s，第 %v 期，%v 项", e.Text("table"), e.Data["edition"], e.Data["count"])
	}
	if member("staff") == "" {
		return ""
	}
	parts := []string{member("staff")}
	if e.Data["renamed"] == true {
		parts = append(parts, v.tr("姓名已修改"))
	}
	if after := e.Scope(""); after.Role != "" {
		text := scopeText(v, "", after)
		if before := e.Scope("before_"); before.Role != "" {
			text = scopeText(v, "", before) + " → " + text
		}
		parts = append(parts, text)
	}
	if n, ok := e.Data["freed"].(float64); ok && n > 0 {
		parts = append(parts, v.tr("退回待领取 %.0f 件", n))
	}
	return strings.Join(parts, v.tr("；"))
}

func handedText(v *visit, taken, given string) string {
	if taken == "" {
		taken = v.tr("待领取")
	}
	if given == "" {
		given = v.tr("待领取")
	}
	return taken + " → " + given
}
