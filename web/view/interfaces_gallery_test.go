package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// interfaceShots are the supervisors' pages of keys and subscribers.
func interfaceShots() []shot {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAbCdEfGhIjK="
	scopes := []view.ScopeChoice{
		{Option: view.Option{Value: "subjects.read", Label: "查询单位信息"}, Note: "现行有效的基本信息、资质、业绩、执业人员和获奖，不含证件号码、电话和账户", On: true},
		{Option: view.Option{Value: "eligibility.read", Label: "查询投标资格"}, Note: "此刻或过去某一时刻能否参加纸质标、电子标，以及原因", On: true},
		{Option: view.Option{Value: "connections.read", Label: "查询关联关系"}, Note: "几家单位之间有无相同的法定代表人、关联人或控股管理关系，不含姓名和证件号码"},
		{Option: view.Option{Value: "changes.read", Label: "读取变更清单"}, Note: "从游标起按顺序读取哪些单位发生了什么变更"},
		{Option: view.Option{Value: "ca.read", Label: "查询 CA 申请"}, Note: "供 CA 公司核对申请的办理状态"},
	}
	var types []view.ScopeChoice
	for _, t := range record.ChangeTypes() {
		types = append(types, view.ScopeChoice{Option: view.Option{Value: string(t), Label: t.Label()}, On: t != record.ChangeClosed})
	}
	rows := []view.SubscriberRow{
		{ID: "s1", Name: "省公共资源交易平台", URL: "https://trade.example.cn/hooks/registration", State: view.Tag{Text: "推送中", Tone: view.Good}, Delivered: ago(time.Minute)},
		{ID: "s2", Name: "市电子招投标系统", URL: "https://bids.city.example.cn/api/v2/callbacks/unified-registration-system", State: view.Tag{Text: "未送达，重试中", Tone: view.Warn}, Note: "连续 3 次未送达，持续三天后系统停止推送。", Delivered: ago(26 * time.Hour), Waiting: 14},
		{ID: "s3", Name: "信用平台", URL: "https://credit.example.cn/in", State: view.Tag{Text: "系统已暂停", Tone: view.Bad}, Note: "系统已停止推送：连接不上。", Waiting: 2031},
	}
	list := view.InterfacesModel{
		Subscribers: rows,
		Keys: []view.KeyRow{
			{ID: "k1", Name: "省公共资源交易平台", Scopes: []string{"查询单位信息", "查询投标资格", "读取变更清单"}, State: view.Tag{Text: "有效", Tone: view.Good}, Created: ago(900 * time.Hour), Used: ago(time.Minute), Live: true},
			{ID: "k2", Name: "试用", Scopes: []string{"查询投标资格"}, State: view.Tag{Text: "已过期", Tone: view.Warn}, Created: ago(5000 * time.Hour), Expires: ago(100 * time.Hour)},
			{ID: "k3", Name: "CA 公司", Scopes: []string{"查询 CA 申请"}, State: view.Tag{Text: "已停用", Tone: view.Bad}, Created: ago(9000 * time.Hour), Used: ago(700 * time.Hour)},
		},
	}
	drawn := list
	drawn.Key, drawn.KeyName = "urk_K7QZ4NNFZ5XJ3AVWHE2GZR5Y4SPLQ6DWMB2TCDIUA7VX3KQ2J4KB", "省公共资源交易平台"
	key := view.KeyForm{Name: "省公共资源交易平台", Scopes: scopes}
	refused := key
	refused.Name, refused.Days = "", "三十"
	refused.Problems = []form.Problem{{Field: "name", Label: "名称", Message: "请填写名称"}, {Field: "days", Label: "有效天数", Message: "请填写 1 至 3650 的整数，或留空"}}
	blank := view.SubscriberForm{Action: "/staff/interfaces/subscribers", Types: types}
	wrong := blank
	wrong.Name, wrong.URL = "市电子招投标系统", "http://10.0.0.8/hooks"
	wrong.Problems = []form.Problem{{Field: "url", Label: "接收地址", Message: "接收地址须以 https:// 开头"}}
	deliveries := []view.DeliveryRow{
		{ID: "d0", What: "测试消息", At: ago(time.Second), State: view.Tag{Text: "等待发送", Tone: view.Info}},
		{ID: "d1", What: "登记或变更生效", Kind: "单位资质", Code: "91430100MA00DEM06N", SubjectHref: "/staff/subjects/x", At: ago(time.Minute), State: view.Tag{Text: "未送达", Tone: view.Bad}, Note: "对方答复未接收", Status: 503, Attempts: 3, CanResend: true},
		{ID: "d2", What: "证书挂失", Code: "91430100MA00DEM06N", SubjectHref: "/staff/subjects/x", At: ago(time.Hour), State: view.Tag{Text: "已送达", Tone: view.Good}, Status: 204, Attempts: 1, CanResend: true},
		{ID: "d3", What: "测试消息", At: ago(2 * time.Hour), State: view.Tag{Text: "未送达", Tone: view.Bad}, Note: "超时未答复", Attempts: 1, CanResend: true},
	}
	edit := view.SubscriberForm{Action: "/staff/interfaces/subscribers/s1", Name: rows[0].Name, URL: rows[0].URL, Types: types}
	active := view.SubscriberModel{Row: rows[0], Form: edit, Active: true, Added: ago(5000 * time.Hour), Deliveries: deliveries[2:3], Shown: 100}
	added := active
	added.Secret, added.Welcome, added.Deliveries, added.Row.Delivered = secret, true, nil, time.Time{}
	exchanged := active
	exchanged.Secret, exchanged.FormerUntil = secret, now.Add(7*24*time.Hour)
	failing := active
	failing.Row, failing.Form.Name, failing.Form.URL = rows[1], rows[1].Name, rows[1].URL
	failing.Oldest, failing.NextAt, failing.Deliveries = ago(3*time.Hour), now.Add(40*time.Second), deliveries
	stopped := failing
	stopped.Row, stopped.Active, stopped.NextAt, stopped.Form.Problems = rows[2], false, time.Time{}, []form.Problem{{Field: "url", Label: "接收地址", Message: "这个接收地址已有订阅方"}}
	return []shot{
		{"interfaces", view.InterfacesPage(bossPage("接口与订阅", "/staff/interfaces"), list), []string{"接口规范", "2031 条", "连续 3 次未送达", "不过期", "从未", "/staff/interfaces/keys/k1/revoke", `aria-current="page"`}},
		{"interfaces-key", view.InterfacesPage(bossPage("接口与订阅", "/staff/interfaces/keys"), drawn), []string{"密钥已新增：省公共资源交易平台", "只显示这一次", drawn.Key}},
		{"interfaces-none", view.InterfacesPage(bossPage("接口与订阅", "/staff/interfaces"), view.InterfacesModel{}), []string{"还没有订阅方", "还没有密钥"}},
		{"interfaces-key-new", view.NewKeyPage(bossPage("新增密钥", "/staff/interfaces/keys/new"), key), []string{"查询投标资格", "不填写则不过期"}},
		{"interfaces-key-refused", view.NewKeyPage(bossPage("新增密钥", "/staff/interfaces/keys"), refused), []string{"（2 处错误）", "请填写 1 至 3650 的整数"}},
		{"subscriber-new", view.NewSubscriberPage(bossPage("新增订阅方", "/staff/interfaces/subscribers/new"), blank), []string{"通知哪些变更", "证书吊销", "不跟随跳转"}},
		{"subscriber-refused", view.NewSubscriberPage(bossPage("新增订阅方", "/staff/interfaces/subscribers"), wrong), []string{"接收地址须以 https:// 开头"}},
		{"subscriber", view.SubscriberPage(bossPage("订阅方：省公共资源交易平台", "/staff/interfaces/subscribers/s1"), active), []string{"暂停推送", "更换签名密钥", "已送达", "HTTP 204"}},
		{"subscriber-added", view.SubscriberPage(bossPage("订阅方：省公共资源交易平台", "/staff/interfaces/subscribers"), added), []string{secret, "订阅方已新增", "还没有发送过消息"}},
		{"subscriber-exchanged", view.SubscriberPage(bossPage("订阅方：省公共资源交易平台", "/staff/interfaces/subscribers/s1"), exchanged), []string{"新的签名密钥", "停用旧密钥", "旧密钥签名至"}},
		{"subscriber-failing", view.SubscriberPage(bossPage("订阅方：市电子招投标系统", "/staff/interfaces/subscribers/s2"), failing), []string{"下次尝试", "尚未发送", "没有答复", "对方答复未接收", "重新发送"}},
		{"subscriber-suspended", view.SubscriberPage(bossPage("订阅方：信用平台", "/staff/interfaces/subscribers/s3"), stopped), []string{"恢复推送", "从停下的地方继续", "这个接收地址已有订阅方"}},
	}
}
