"""Refusals of people: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class BranchUnknown(DomainError):
    code = "people.branch_unknown"
    status = 422
    title = "There is no such branch"
    action = "Use the code or id of one of your branches."


class BranchNeeded(DomainError):
    code = "people.branch_needed"
    status = 422
    title = "It is not said which branch"
    action = "Name the branch: there is more than one, or none yet."


class BranchTaken(DomainError):
    code = "people.branch_taken"
    status = 409
    title = "Another branch has that code"
    action = "Choose another code."


class BranchInUse(DomainError):
    code = "people.branch_in_use"
    status = 409
    title = "The branch still has students, halls or shifts"
    action = "Move or remove them first, or close the branch."


class CodePatternInvalid(DomainError):
    code = "people.code_pattern_invalid"
    status = 422
    title = "That pattern cannot make codes"
    action = "Use capitals, digits, - and /, the words {BRANCH} {YY} {YYYY}, and {SEQ} or {SEQ:4} exactly once."


class NameMissing(DomainError):
    code = "people.name_missing"
    status = 422
    title = "The name is missing"
    action = "Give the student's name."


class NumberMissing(DomainError):
    code = "people.phone_missing"
    status = 422
    title = "There is no phone number"
    action = "Give the student's or a guardian's mobile number: it is how they sign in."


class NumberShortened(DomainError):
    code = "people.phone_shortened"
    status = 422
    title = "A spreadsheet shortened this number"
    action = "Format the column as text in your spreadsheet, type the number again and save."


class ValueTooLong(DomainError):
    code = "people.value_too_long"
    status = 422
    title = "A value is too long"
    action = "Shorten it."


class EmailInvalid(DomainError):
    code = "people.email_invalid"
    status = 422
    title = "That is not an e-mail address"
    action = "Correct it, or leave it empty."


class DateInvalid(DomainError):
    code = "people.date_invalid"
    status = 422
    title = "That is not a date"
    action = "Write it as 2026-11-20 or 20/11/2026."


class RelationUnknown(DomainError):
    code = "people.relation_unknown"
    status = 422
    title = "That is not a relation"
    action = "Use mother, father or guardian."


class CodeInvalid(DomainError):
    code = "people.code_invalid"
    status = 422
    title = "That cannot be a student's code"
    action = "Use up to 40 capitals, digits, - and /, or leave it empty to have one made."


class CodeTaken(DomainError):
    code = "people.code_taken"
    status = 409
    title = "Another student has that code"
    action = "Use another code, or leave it empty to have one made."


class StudentExists(DomainError):
    code = "people.student_exists"
    status = 409
    title = "A student of that name with that phone is already there"
    action = "Open the existing student instead of adding another."


class StudentNotActive(DomainError):
    code = "people.student_not_active"
    status = 409
    title = "The student is suspended or has left"
    action = "Reactivate the student first."


class GuardianUnknown(DomainError):
    code = "people.guardian_unknown"
    status = 404
    title = "Nobody with that number may act for this student"
    action = "Check the list of guardians."


class RowColumns(DomainError):
    code = "people.row_columns"
    status = 422
    title = "The row has more values than the heading has columns"
    action = "Put values that hold a comma in double quotes, and remove what is too much."


class RowEncoding(DomainError):
    code = "people.row_encoding"
    status = 422
    title = "The row is not UTF-8 text"
    action = "Save the file as “CSV UTF-8” and import it again."


class ImportUnreadable(DomainError):
    code = "people.import_unreadable"
    status = 422
    title = "The file cannot be read as a table"
    action = "Save it as “CSV UTF-8” with a heading in the first row that has name and phone or guardian_phone."


class ImportTooLong(DomainError):
    code = "people.import_too_long"
    status = 422
    title = "The file is too long"
    action = "Import at most 10,000 rows and 10 MB at a time."


class ImportNotDone(DomainError):
    code = "people.import_not_done"
    status = 409
    title = "The import has not ended"
    action = "Wait for its end; its progress is shown at jobs/{id}."


class ImportNotUndoable(DomainError):
    code = "people.import_not_undoable"
    status = 409
    title = "The import can no longer be undone"
    action = (
        "Undo is possible for 24 hours after an import that was carried out, while none of its students has a history."
    )


class FileEmpty(DomainError):
    code = "people.file_empty"
    status = 422
    title = "The file has no rows"
    action = "Put the headings in the first row and one student in each row below."


class FileNoTable(DomainError):
    code = "people.file_no_table"
    status = 422
    title = "The file is not a table we can read"
    action = "Save it as “CSV UTF-8” or as an Excel workbook (.xlsx), and choose that."


class FileEncoding(DomainError):
    code = "people.file_encoding"
    status = 422
    title = "The file is not UTF-8 text"
    action = "Save it as “CSV UTF-8” or as an Excel workbook (.xlsx), and choose that."


class FileOutsized(DomainError):
    code = "people.file_outsized"
    status = 422
    title = "The workbook is larger inside than we read"
    action = "Copy the students alone into a new workbook, at most 10,000 rows and 60 columns."


class ImportNotReady(DomainError):
    code = "people.import_not_ready"
    status = 409
    title = "The import cannot be carried out yet"
    action = "Check its columns and let it be tried first."


class ImportEnded(DomainError):
    code = "people.import_ended"
    status = 409
    title = "The import has ended"
    action = "Nothing is left to stop. It can be undone for 24 hours."


class ViewTaken(DomainError):
    code = "people.view_taken"
    status = 409
    title = "You have a view of that name"
    action = "Choose another name, or delete the old one first."


class ViewsFull(DomainError):
    code = "people.views_full"
    status = 409
    title = "You have 20 views, which is all there is room for"
    action = "Delete one you no longer use."


class TooMany(DomainError):
    code = "people.too_many"
    status = 422
    title = "At most 200 students can be changed at once"
    action = "Choose fewer."
