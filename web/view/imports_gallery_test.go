package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// importShots are the pages of imports.
func importShots() []shot {
	faults := []view.FaultyRow{
		{Line: 5, Title: "李四", Problems: []form.Problem{
			{Field: "id_number", Label: "证件号码", Message: "身份证号码的校验位不正确，请核对"}, {Field: "education", Label: "学历", Message: "没有“博士后”这一项，请从下拉列表选择"},
		}},
		{Line: 9, Title: "王五", Problems: []form.Problem{{Field: "id_number", Label: "证件号码", Message: "与第 4 行重复，请删去一行"}}},
	}
	page := func(title string) view.Page { return bidderPage(title, "/imports/"+recordID) }
	preview := view.ImportModel{
		ID: recordID, Kind: "practitioner", Label: "执业人员", State: view.ImportPreview, File: "2026 年人员花名册（定稿）.xlsx",
		Rows: 128, Good: 126, Faulty: 2, At: ago(time.Minute), Columns: []string{"姓名", "证件类型", "证件号码", "性别", "出生日期", "民族"}, Faults: faults,
		Preview: []view.PreviewRow{
			{Line: 3, Cells: []string{"张三", "居民身份证", "430104********0014", "男", "1980-01-01", "汉"}},
			{Line: 4, Cells: []string{"欧阳修远", "居民身份证", "430104********0022", "女", "1980-01-01", ""}},
		},
	}
	hopeless := preview
	hopeless.Good, hopeless.Faulty, hopeless.Rows, hopeless.Preview, hopeless.Columns = 0, 200, 200, nil, nil
	running := preview
	running.State, running.Good, running.Made = view.ImportRunning, 66, 60
	ended := running
	ended.State, ended.Good, ended.Made, ended.EndedAt = view.ImportEnded, 0, 126, now
	whole := ended
	whole.Faulty, whole.Faults, whole.Rows = 0, nil, 126
	none := ended
	none.Made = 0
	return []shot{
		{"imports", view.ImportsPage(page("批量导入执业人员"), view.ImportsModel{
			Kind: "practitioner", Label: "执业人员", MaxRows: 5000, MaxBytes: 10 << 20, Accept: ".xlsx",
			Earlier: []view.ImportLine{
				{Href: "/imports/" + recordID, File: "花名册.xlsx", At: ago(time.Hour), State: view.Tag{Text: "部分导入", Tone: view.Warn}, Rows: 128, Made: 126, Faulty: 2},
			},
		}), []string{"下载模板", "一次最多 5000 行", "10.0 MB", "上传并核对", "部分导入", "30 天后"}},
		{"imports-refused", view.ImportsPage(page("批量导入执业人员"), view.ImportsModel{
			Kind: "practitioner", Label: "执业人员", MaxRows: 5000, MaxBytes: 10 << 20, Accept: ".xlsx",
			Problems: []form.Problem{{Field: "file", Label: "文件", Message: "没有找到表头，请使用下载的模板填写，并保留第一行"}},
		}), []string{"（1 处错误）", "没有找到表头", `aria-invalid="true"`}},
		{"import-preview", view.ImportPage(page("批量导入执业人员"), preview), []string{"读到 128 行", "确认导入 126 行", "下载有问题的 2 行", "第 5 行", "博士后", "取消", "未填写"}},
		{"import-hopeless", view.ImportPage(page("批量导入执业人员"), hopeless), []string{"其余 198 行的问题见下载的文件"}},
		{"import-running", view.ImportPage(page("批量导入执业人员"), running), []string{"正在导入，已完成 60 / 126", "<progress", `http-equiv="refresh"`, "可以离开本页"}},
		{"import-ended", view.ImportPage(page("批量导入执业人员"), ended), []string{"已导入 126 行，另有 2 行没有导入", "再次上传", "查看草稿"}},
		{"import-whole", view.ImportPage(page("批量导入执业人员"), whole), []string{"已全部导入，共 126 行", "补充附件"}},
		{"import-none", view.ImportPage(page("批量导入执业人员"), none), []string{"没有导入任何一行"}},
	}
}
