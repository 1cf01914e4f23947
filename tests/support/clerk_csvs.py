"""CSV files of requests as clerks have them, each with what it says, judged before any run."""

from typing import Any

from clerk_tables import MRI, NORCO, PT, ClerkTable, row_of


def _csv(name: str, data: bytes, *rows: Any, **others: Any) -> ClerkTable:
    return ClerkTable(name, "a.csv", data, *rows, **others)


CSVS = [
    _csv(
        "plain",
        f"treatment,diagnosis,age\n{PT},M75.41,51\n{MRI},LBP,44\n".encode(),
        (row_of(PT, diagnosis="M75.41", age=51.0), row_of(MRI, diagnosis="LBP", age=44.0)),
    ),
    _csv(
        "words of claims staff",
        f"Claim #,Tx requested,DOI,Claimant age,Dx,ICD-10,Report\n"
        f"WC-1,{PT},3/14/2023,44,shoulder pain,M75.41,six visits so far\n".encode(),
        (
            row_of(
                PT,
                request_id="WC-1",
                date_of_injury="2023-03-14",
                age=44.0,
                diagnosis="shoulder pain\nM75.41",
                case_summary="six visits so far",
            ),
        ),
        notes=("Tx requested = treatment", "Claim # = request_id", "Report = case_summary"),
    ),
    _csv(
        "a title above",
        f"Open requests May 2024,,\n,,\nTreatment Requested,Dx,Age\n{PT},LBP,44\n".encode(),
        (row_of(PT, diagnosis="LBP", age=44.0),),
        notes=("1 title row",),
    ),
    _csv(
        "a title of one field",
        f"Weekly UR list\nPrepared for the desk\n\nTreatment,Dx,Age\n{PT},LBP,44\n".encode(),
        (row_of(PT, age=44.0),),
        notes=("2 title rows",),
    ),
    _csv(
        "two rows of headings, nothing merged",
        f"Claim #,Request,,Notes\n,Treatment,Dx,\nC7,{NORCO},LBP,UDS ok\n".encode(),
        (row_of(NORCO, request_id="C7", diagnosis="LBP", case_summary="UDS ok"),),
    ),
    _csv(
        "semicolons",
        f"Treatment;Dx;Age\n{PT};LBP, chronic;44\n".encode(),
        (row_of(PT, diagnosis="LBP, chronic", age=44.0),),
    ),
    _csv(
        "a stated separator",
        f"sep=;\r\nTreatment;Dx;Age\r\n{PT};LBP, chronic;44\r\n".encode(),
        (row_of(PT, diagnosis="LBP, chronic", age=44.0),),
    ),
    _csv(
        "a stated separator that is none of the usual",
        f"sep=|\nTreatment|Dx\n{PT}|LBP, chronic; severe\n".encode(),
        (row_of(PT, diagnosis="LBP, chronic; severe"),),
    ),
    _csv(
        "tabs",
        f"Tx\tDx\tGender\n{PT}\tLBP\tF\n".encode(),
        (row_of(PT, diagnosis="LBP", sex="female"),),
    ),
    _csv(
        "a claim number with noughts as text",
        f'Claim Number,Treatment\n="000123",{PT}\n"=""000124""",{MRI}\n'.encode(),
        (row_of(PT, request_id="000123"), row_of(MRI, request_id="000124")),
    ),
    _csv(
        "one claim in several rows",
        f"Claim #,Treatment\nWC1,{PT}\nWC1,{MRI}\nWC2,{NORCO}\n".encode(),
        (
            row_of(PT, request_id="WC1"),
            row_of(MRI, request_id="WC1 (2)"),
            row_of(NORCO, request_id="WC2"),
        ),
        notes=("told apart",),
    ),
    _csv(
        "request and claim numbers",
        f"Claim #,Request #,Treatment\nWC1,R1,{PT}\nWC1,R2,{MRI}\n".encode(),
        (row_of(PT, request_id="R1"), row_of(MRI, request_id="R2")),
        notes=("Claim # passed over in 2 rows",),
    ),
    _csv(
        "short rows",
        f"Treatment,Dx,Age,Notes\n{PT},LBP\n{MRI},LBP,44,pain\n".encode(),
        (row_of(PT, diagnosis="LBP"), row_of(MRI, age=44.0, case_summary="pain")),
        notes=("1 short row",),
    ),
    _csv(
        "a comma that nobody quoted",
        f"Treatment,Dx,Age\n{PT},LBP, chronic,44\n".encode(),
        refused="row 1 has 4 fields, the header 3",
    ),
    _csv(
        "commas at the end of rows",
        f"Treatment,Dx,Age,,\n{PT},LBP,44,,\n".encode(),
        (row_of(PT, diagnosis="LBP", age=44.0),),
    ),
    _csv(
        "errors of formulas",
        f"Treatment,Dx,Age\n{PT},#N/A,44\n{MRI},LBP,#REF!\n".encode(),
        (row_of(PT, diagnosis=""), row_of(MRI, diagnosis="LBP")),
        notes=("row 1 Dx: #N/A", "row 2 Age: #REF!"),
    ),
    _csv(
        "formulas in a CSV",
        f'Treatment,Dx\n{PT},"=VLOOKUP(A2,codes,2)"\n'.encode(),
        (row_of(PT, diagnosis=""),),
        notes=("1 formula not computed, in line 2: it counts as empty",),
    ),
    _csv(
        "formulas below a stated separator",
        f"sep=;\nTreatment;Dx\n{PT};=A1\n{MRI};LBP\n{NORCO};=A2\n".encode(),
        (row_of(PT, diagnosis=""), row_of(MRI, diagnosis="LBP"), row_of(NORCO, diagnosis="")),
        notes=("2 formulas not computed, in lines 3, 5: they count as empty",),
    ),
    _csv(
        "ages in words",
        f"Treatment,Age\n{PT},44 y/o\n{MRI},51yo\n{NORCO},63 years old\nCane,38 yrs\n".encode(),
        (
            row_of(PT, age=44.0),
            row_of(MRI, age=51.0),
            row_of(NORCO, age=63.0),
            row_of("Cane", age=38.0),
        ),
    ),
    _csv(
        "age and sex in one column",
        f"Treatment,Age/Sex\n{PT},44/M\n{MRI},51 F\n{NORCO},F/29\n".encode(),
        (
            row_of(PT, age=44.0, sex="male"),
            row_of(MRI, age=51.0, sex="female"),
            row_of(NORCO, age=29.0, sex="female"),
        ),
    ),
    _csv(
        "dates of every kind",
        f"Treatment,Date of Injury\n{PT},3/4/2023\n{MRI},03-04-23\n{NORCO},Mar 4 2023\n"
        "Cane,4-Mar-2023\nTENS,2023-03-04\nUDS,44989\n".encode(),
        tuple(
            row_of(one, date_of_injury="2023-03-04")
            for one in (PT, MRI, NORCO, "Cane", "TENS", "UDS")
        ),
    ),
    _csv(
        "what is no date",
        f"Treatment,DOI\n{PT},CT 1/1/20-5/5/22\n{MRI},13/45/2023\n".encode(),
        (row_of(PT, date_of_injury=None), row_of(MRI, date_of_injury=None)),
        notes=("row 1 date_of_injury, row 2 date_of_injury",),
    ),
    _csv(
        "totals and remarks below",
        (
            f"Treatment,Dx,Age\n{PT},LBP,44\n{MRI},LBP,51\nTotal: 2,,\nPrepared by the UR desk,,\n"
        ).encode(),
        (row_of(PT), row_of(MRI)),
        notes=("2 rows of totals or remarks",),
    ),
    _csv(
        "a total knee is no total",
        b"Treatment,Dx,Age\nTotal knee replacement,,\nTotal hip arthroplasty right,,\n",
        (row_of("Total knee replacement"), row_of("Total hip arthroplasty right")),
    ),
    _csv(
        "headings again on each page",
        f"Treatment,Dx\n{PT},LBP\nTreatment,Dx\n{MRI},LBP\n".encode(),
        (row_of(PT), row_of(MRI)),
        notes=("1 row with the headings again",),
    ),
    _csv(
        "another table below",
        f"Treatment,Dx,Age\n{PT},LBP,44\n\nClaim #,DOI,Gender\nWC1,3/4/2023,F\n".encode(),
        refused="headings again, of another table",
    ),
    _csv(
        "no headings",
        f"{PT},LBP,44\n{MRI},LBP,51\n".encode(),
        refused="no 'treatment'",
    ),
    _csv(
        "a treatment twice",
        f"Treatment,Treatment,Age\n{PT},{MRI},44\n".encode(),
        refused="share a name|columns are named",
    ),
    _csv(
        "medications and procedures in columns of their own",
        f"Claim #,Medication,Procedure\nWC1,{NORCO},\nWC2,,{MRI}\n".encode(),
        (row_of(NORCO, request_id="WC1"), row_of(MRI, request_id="WC2")),
    ),
    _csv(
        "a code beside the words",
        f"Service requested,CPT,Dx\n{MRI},72148,LBP\n".encode(),
        (row_of(MRI, diagnosis="LBP"),),
        notes=("CPT passed over in 1 row",),
    ),
    _csv(
        "line numbers under Item",
        f"Item,Treatment,Dx\n1,{PT},LBP\n2,{MRI},LBP\n".encode(),
        (row_of(PT, item=PT), row_of(MRI, item=MRI)),
        notes=("Item holds numbers alone",),
    ),
    _csv(
        "headings with signs and brackets",
        f"*Treatment Requested (required),D.O.I. (mm/dd/yyyy),Diagnosis(es):\n"
        f"{PT},3/4/2023,LBP\n".encode(),
        (row_of(PT, date_of_injury="2023-03-04", diagnosis="LBP"),),
    ),
    _csv(
        "what only the reviewer knows",
        f"Treatment,Decision\n{PT},Overturned\n{MRI},\n".encode(),
        (row_of(MRI),),
        notes=("refused 1",),
    ),
    _csv(
        "columns that could be anything",
        (
            f"Treatment,Status,Comments,Body part,Adjuster\n{PT},open,call back,shoulder,J. Doe\n"
        ).encode(),
        (row_of(PT, case_summary=""),),
        notes=("because they are unknown: Status, Comments, Body part, Adjuster",),
    ),
    _csv(
        "several items in a cell",
        f'Claim #,Treatment\nWC1,"1. {PT}\n2. {MRI}"\nWC2,{NORCO}\n'.encode(),
        (
            row_of(PT, request_id="WC1#1"),
            row_of(MRI, request_id="WC1#2"),
            row_of(NORCO, request_id="WC2"),
        ),
    ),
    _csv(
        "an unclosed quote",
        f'Treatment,Notes\n{PT},"pain in the back\n{MRI},ok\n'.encode(),
        refused="not a readable CSV",
    ),
    _csv(
        "old encodings",
        f"Treatment,Notes\n{PT},José has pain\n".encode("cp1252"),
        refused="not UTF-8",
    ),
    _csv(
        "a byte order mark",
        f"Treatment,Notes\n{PT},José has pain\n".encode("utf-8-sig"),
        (row_of(PT, case_summary="José has pain"),),
    ),
    _csv(
        "an empty table",
        b"Treatment,Dx,Age\n",
        (),
    ),
    _csv(
        "a group title between rows",
        f"Claim #,Treatment,Dx\nDr. Smith,,\nWC1,{PT},LBP\n".encode(),
        (row_of("", request_id="Dr. Smith"), row_of(PT, request_id="WC1")),
    ),
    _csv(
        "notes with lines and commas",
        f'Treatment,Notes\n{PT},"pain 7/10, worse at night\nHEP given"\n'.encode(),
        (row_of(PT, case_summary="pain 7/10, worse at night\nHEP given"),),
    ),
    _csv(
        "camel case",
        f"ClaimNumber,TreatmentRequested,DateOfInjury\nA,{PT},3/4/2023\n".encode(),
        (row_of(PT, request_id="A", date_of_injury="2023-03-04"),),
    ),
    _csv(
        "arrow in notes",
        f"Treatment,Notes\n{PT},=> 50% relief\n{MRI},+SLR left\nCane,- no falls\n".encode(),
        (
            row_of(PT, case_summary="=> 50% relief"),
            row_of(MRI, case_summary="+SLR left"),
            row_of("Cane", case_summary="- no falls"),
        ),
    ),
    ClerkTable(
        "json lines",
        "a.jsonl",
        (b'{"Claim #":"7","Tx requested":"' + PT.encode() + b'","Claimant age":44}\n'),
        (row_of(PT, request_id="7", age=44.0),),
    ),
    _csv(
        "time of day",
        f"Treatment,DOI\n{PT},3/4/2023 0:00\n{MRI},2023-03-04 00:00:00\n".encode(),
        (row_of(PT, date_of_injury="2023-03-04"), row_of(MRI, date_of_injury="2023-03-04")),
    ),
    ClerkTable("list alone", "a.csv", f"{PT}\n{MRI}\n".encode(), refused="no 'treatment'"),
    _csv(
        "list with heading",
        f"Treatment requested\n{PT}\n{MRI}\n".encode(),
        (row_of(PT), row_of(MRI)),
    ),
    _csv(
        "more ages",
        (
            f"Treatment,Age\n{PT},44yrs\n{MRI},44 y.o.\nCane,44-yo\nTENS,Age: 44\nUDS,"
            "44.0\nCBC,fifty\n"
        ).encode(),
        (
            row_of(PT, age=44.0),
            row_of(MRI, age=44.0),
            row_of("Cane", age=44.0),
            row_of("TENS", age=44.0),
            row_of("UDS", age=44.0),
            row_of("CBC", age=None),
        ),
        notes=("row 6 age",),
    ),
    _csv(
        "month alone",
        f"Treatment,DOI\n{PT},03/2019\n".encode(),
        (row_of(PT, date_of_injury=None),),
        notes=("row 1 date_of_injury",),
    ),
    _csv(
        "requested and approved",
        f"Requested,Approved\n{PT},N\n".encode(),
        (row_of(PT),),
        notes=("Approved",),
    ),
    _csv(
        "field without heading in CSV",
        f"Treatment,,Age\n{PT},left,44\n".encode(),
        (row_of(PT, age=44.0),),
        notes=("column 2 without a heading",),
    ),
    _csv(
        "slashes",
        (
            "Claim/File #,Treatment / Service Requested,Date of Injury/Illness,"
            f"Age (yrs),Sex (M/F),Diagnosis & ICD-10,Medical Notes/Report\n7,{PT},"
            "3/4/2023,44,F,LBP M54.5,pain\n"
        ).encode(),
        (
            row_of(
                PT,
                request_id="7",
                date_of_injury="2023-03-04",
                age=44.0,
                sex="female",
                diagnosis="LBP M54.5",
                case_summary="pain",
            ),
        ),
    ),
    _csv(
        "numbered diagnoses",
        f"Tx,Dx1,Dx2,ICD-10 #1\n{PT},LBP,knee pain,M54.5\n".encode(),
        (row_of(PT, diagnosis="LBP\nknee pain\nM54.5"),),
    ),
    _csv(
        "numbered treatments",
        f"Claim #,Treatment 1,Treatment 2\nW1,{PT},{MRI}\nW2,{NORCO},\n".encode(),
        (
            row_of(PT, request_id="W1#1"),
            row_of(MRI, request_id="W1#2"),
            row_of(NORCO, request_id="W2"),
        ),
    ),
    _csv(
        "quantity beside",
        b"Medication,Qty,Dx\nNorco 10/325,60,LBP\n",
        (row_of("Norco 10/325"),),
        notes=("Qty",),
    ),
    _csv(
        "names and phones",
        (
            "Injured Worker,Claim No,Employer,DOB,Requesting Physician,"
            f"Procedure/Service\nDoe,7,X,1/1/70,Roe,{MRI}\n"
        ).encode(),
        (row_of(MRI, request_id="7"),),
        notes=("Injured Worker, Employer, DOB, Requesting Physician",),
    ),
    _csv(
        "RFA",
        f"RFA #,Request for Authorization,Dx Code\nR1,{MRI},M54.5\n".encode(),
        (row_of(MRI, request_id="R1", diagnosis="M54.5"),),
    ),
    ClerkTable(
        "Spanish", "a.csv", f"Tratamiento,Edad\n{MRI},44\n".encode(), refused="no 'treatment'"
    ),
    _csv(
        "mac line ends",
        f"Treatment,Age\r{PT},44\r{MRI},51\r".encode(),
        (row_of(PT, age=44.0), row_of(MRI, age=51.0)),
    ),
    _csv(
        "blanks around",
        f" TREATMENT , AGE \n {PT} , 44 \n".encode(),
        (row_of(PT, age=44.0),),
    ),
    _csv(
        "whole lines quoted",
        f'"Treatment,Age"\n"{PT},44"\n'.encode(),
        refused="no 'treatment'",
    ),
    _csv(
        "title like a heading",
        f"Requests,,\nTreatment,Dx,Age\n{PT},LBP,44\n".encode(),
        (row_of(PT, age=44.0),),
    ),
    _csv(
        "units below headings",
        f"Treatment,Age,DOI\n(as on RFA),(years),(mm/dd/yyyy)\n{PT},44,3/4/2023\n".encode(),
        (row_of(PT, age=44.0),),
    ),
    _csv(
        "key value with one request, colons",
        f"Claim #:,W1\nTreatment:,{PT}\nAge:,44\n".encode(),
        (row_of(PT, request_id="W1", age=44.0),),
    ),
    _csv(
        "dashes for empty",
        f"Treatment,Age,DOI,Dx\n{PT},-,N/A,--\n".encode(),
        (row_of(PT, age=None, date_of_injury=None),),
    ),
]
