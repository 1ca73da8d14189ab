r"""The words by which answers are announced, in the languages that models write.

Patterns are assembled here and compiled once; every quantifier that could grow is bounded, so that reading
stays linear in the length of the text.
"""

from __future__ import annotations

import re

__all__ = [
    "ANNOUNCED",
    "BARE",
    "CONFIRMED",
    "CONNECTIVES",
    "CORRECTION",
    "DOUBTED",
    "HOMOGLYPHS",
    "LETTER",
    "LISTED",
    "MARKED",
    "NEGATED",
    "RIGHT",
    "SEVERAL",
    "STATED",
    "TICKED_FIRST",
]

# Cyrillic letters that look like Latin ones; Russian answers mix them in.
HOMOGLYPHS = {"А": "A", "В": "B", "С": "C", "Е": "E"}

# What may not follow a letter that stands for a choice: a word, a number, C's, C++, C/D, D-glucose.
RIGHT = r"(?![0-9A-Za-z_À-ɏͰ-Ͽа-яА-ЯёЁ]|['’](?!dir|dır|dur|dür|\s|$)[a-zA-Z]|[+#/&²³⁺⁻=^°%]|-\w)"
_OPEN = r"[\s\"'“”„‘’«»「」『』【】〔\[({<]{0,6}"
_CLOSE = r"[\"'”’»」』】〕\])}>]{0,3}"
_NAME = (
    r"(?:(?:the|la|le|el|die|der|das|lo|il|a|o|de|het|l['’])\s{0,2})?"
    r"(?:(?:options?|choice|letter|alternative|answer|statement|opción|opcion|alternativa|opção|opzione|choix|lettre|"
    r"letra|lettera|proposition|réponse|respuesta|antwort|buchstabe|möglichkeit|aussage|optie|opcja|seçenek|şık|pilihan|"
    r"phương án|đáp án|вариант\w{0,3}|буква|пункт|ответ|под буквой|варіант|الخيار|الحرف|选项|選項|選択肢|선택지|보기|विकल्प)"
    r"\s*(?:is\s|:)?\s*)?"
)
LETTER = rf"{_OPEN}{_NAME}(?P<open>{_OPEN})(?P<letter>[A-Za-zАВСЕ])(?P<close>{_CLOSE})"

# ANSWER: C
_ANNOUNCERS = (
    r"(?:(?<![^\W\d_])(?:answers?|ans|antwort|lösung|loesung|réponse|reponse|respuesta|resposta|risposta|antwoord|"
    r"odpowiedź|cevap|yanıt|jawaban|đáp án|svar|vastaus|răspuns|ответ|відповідь|solution|"
    r"(?:correct|right|best|final|my|chosen|selected)\s+(?:option|choice|letter|alternative|selection|response)|"
    r"(?:final|my)\s+decision|opción correcta|opção correta|bonne option|(?:правильный|верный) вариант|"
    r"choice|chosen_option|selected_option|correct_answer|final_answer|answer_letter|answer_choice)|"
    r"الإجابة|الاجابة|الجواب|پاسخ|תשובה|उत्तर|答案|正确选项|正確選項|答|答え|正解|解答|回答|정답|답)"
)
ANNOUNCED = re.compile(
    rf"{_ANNOUNCERS}(?:\s+(?:letter|choice|option|key|finale?|correct[ae]?|is|est|es|ist|richtige?|الصحيحة|النهائية|は))?"
    rf"[\"'”]?\s*(?:\([^()\n]{{0,30}}\)\s*)?(?:[:=→⇒➜]|->|=>|\s[–—-]|—)+\s*(?:is\s+|es\s+|est\s+|ist\s+)?",
    re.IGNORECASE,
)

# The answer is C
_SUBJECTS = (
    r"(?:(?<![^\W\d_])(?:answer|solution|(?:correct|right|best|proper|only|valid|likely|likeliest|suitable|appropriate|"
    r"plausible|accurate|final|my|chosen|selected|true)\s+(?:answer\s+)?(?:options?|choice|one|letter|alternative|"
    r"response|statement|selection|match|guess|pick)|antwort|lösung|richtig|korrekt|richtige option|réponse|"
    r"bonne (?:réponse|option)|respuesta|correcta|opción correcta|resposta|alternativa correta|risposta|"
    r"antwoord|odpowiedź|odpowiedzią|cevap|yanıt|jawaban\w*|đáp án|svar|svaret|vastaus|răspunsul|"
    r"ответ\w{0,2}|(?:правильн|верн)\w{1,3}\s+(?:вариант\w{0,3}|ответ\w{0,3}|выбор)|відповідь)|"
    r"الإجابة|الاجابة|الجواب|الخيار الصحيح|پاسخ|התשובה|תשובה|उत्तर)"
)
_COPULAS = (
    r"(?:(?:is|was|must be|should be|has to be|can only be|appears to be|seems to be|remains|becomes|"
    r"ist|lautet|est|serait|es|sería|é|è|(?<=odpowiedź )to|jest|là|adalah|är|(?<=vastaus )on|este|"
    r"является|это|будет|هي|هو|است|היא|הוא|है)(?![^\W\d_])|[—–:=])"
)
_FILLERS = (
    r"(?:(?:therefore|thus|hence|then|clearly|indeed|still|definitely|certainly|most|likely|probably|simply|actually|"
    r"obviously|in fact|surely|now|of course|again|just|also|that of|given by|given in|found in|to be|"
    r"also|daher|somit|demnach|deshalb|folglich|eindeutig|donc|bien|alors|clairement|entonces|"
    r"por (?:lo )?tanto|claramente|portanto|quindi|dus|zatem|więc|maka|vậy|la|die|der|el|l['’]|"
    r"следовательно|поэтому|таким образом|именно|إذن)[,:]?\s*){0,4}"
)
_WORDS_BETWEEN = r"(?:,?\s+[^\W\d_][\w'’-]{0,20},?){0,8}?"
_CHOOSE = (
    r"(?<![^\W\d_])(?:choos(?:e|ing)|chose|pick(?:ing)?|select(?:ing)?|go(?:ing)? with|opt(?:ing)? for|settl(?:e|ing) on|"
    r"vote for|lean(?:ing)? (?:towards?|to)|say|guess|believe (?:it['’]?s|it is|in)|think (?:it['’]?s|it is)|answer with|"
    r"conclude(?: that)?(?: it is| it['’]s)?|narrow(?:s|ed)? (?:it |this )?down to|that leaves(?: us with)?|"
    r"points? to|we get|it['’]s|it is|it must be|it has to be|that['’]s|that is|that would be|must be|"
    r"wähle|nehme|tippe auf|entscheide mich für|choisis|opte pour|je dirais|elijo|escojo|selecciono|diría|escolho|"
    r"scelgo|kies|wybieram|выбираю|выберу|обираю|memilih|chọn|أختار|اختار)\s+"
)
_THEREFORE = (
    r"(?:(?<![^\W\d_])(?:therefore|thus|hence|so|conclusion|overall|accordingly|consequently|also|daher|donc|entonces|"
    r"поэтому|значит|следовательно)|∴|→|⇒|=>)(?:\s*[,:-])?\s*"
)
_CJK = (
    r"(?:(?:答案|正确选项|正確選項|正确的选项|正確的選項|正确的是|正確的是|正确答案|正解|答え|正答|解答|回答|正しい答え|"
    r"正しいのは|정답|답)\s*(?:应该|應該|应当|应|應|就|只能|可能|显然|便|으로|)"
    r"(?:选择|選擇|选|選|是|为|為|は|：|:|은|는|이)?[,、]?\s*"
    r"|(?<![不别勿未非])(?:选择|選擇|选(?![项項择])|選(?![項項択擇]))\s*(?:的是|了)?\s*(?:[:：])?\s*)"
)
_NOT_BUT = r"(?<![^\W\d_])(?:not|nicht|no|pas)\s+(?:option\s+)?\(?[A-Z]\)?,?\s+(?:but|sondern|sino|mais)\s+(?:rather\s+)?"
STATED = re.compile(
    rf"(?:{_SUBJECTS}{_WORDS_BETWEEN}\s*(?<![^\W\d_]){_COPULAS}\s*{_FILLERS}(?:[:：]\s*)?"
    rf"|(?<![^\W\d_])(?:cevap|yanıt)\s+|{_CHOOSE}{_FILLERS}|{_THEREFORE}{_FILLERS}|{_CJK}|{_NOT_BUT})",
    re.IGNORECASE,
)

# C is correct
CONFIRMED = re.compile(
    rf"(?<![\w'’-])(?:{_NAME})(?P<open>[(\[\"'“]{{0,2}})(?P<letter>(?-i:[A-ZАВСЕ]))(?P<close>[)\]\"'”.:]{{0,2}}){RIGHT}"
    r"(?:\s*\([^()\n]{0,60}\))?(?:\s*[,:–—-]\s*[^.\n;]{1,48}?,?)?\s*"
    r"(?:(?:is|must be|has to be|seems to be|appears to be|seems|remains|ist|est|es|é|è|jest|to|является|—|это)\s+"
    r"(?:(?:therefore|thus|hence|clearly|indeed|the|only|one|option|choice|that|is|most|likely|probably|also|die|la|le|l['’]|"
    r"donc|bien|also|somit|daher|eindeutig|por tanto|entonces|una|een|de|het)\s+){0,5}"
    r"(?:correct|right|best|answer|most (?:accurate|appropriate|plausible|suitable|likely)|accurate|winner|"
    r"richtige?|korrekte?|zutreffend|correcte?s?|bonne réponse|exacte?|correct[ao]|respuesta|resposta|corretta|giusta|"
    r"juist|juiste|prawidłowa|poprawna|правильн\w{1,3}|верн\w{1,3}|верен|верно|правильно)"
    r"|(?:是|为|為|才是|为唯一)?\s*(?:唯一)?(?:的)?(?:正确|正確|对的|對的|正解)(?!吗|嗎|性)"
    r"|(?:が|は)\s*(?:正解|正しい|答え)|を(?:選|えら)|(?:가|이|번이)\s*(?:정답|맞|옳)|(?:를|을)\s*(?:선택|고르)"
    r"|\s*[-–—:]?\s*(?:✅|✓|✔|☑)|\s*\(correct\))",
    re.IGNORECASE,
)
# A line that lists a choice and ticks it.
MARKED = re.compile(
    r"^[ \t]*(?:[-•+]\s*|\d{1,2}[.)]\s*|✅\s*|✓\s*|✔\s*|\[[xX]\]\s*)?[(\[]?(?P<letter>[A-Z])[)\].:][^\n]{0,300}?"
    r"(?:✅|✓|✔|☑|←|<--|\(correct\)|\(richtig\)|\(correcte?\)|\(correcta\)|[-–—:]\s*correct\b(?!\s*(?:in|that)))",
    re.MULTILINE,
)
TICKED_FIRST = re.compile(
    r"^[ \t]*(?:✅|✓|✔|☑|[-*]?\s*\[[xX]\])\s*[(\[]?(?P<letter>[A-Z])[)\].:\s]", re.MULTILINE
)

# A line that is a choice and nothing else: C, (C), "C.", Option C, C) text, C - text
BARE = re.compile(
    rf"^\W{{0,6}}(?:{_NAME})\W{{0,4}}(?P<letter>[A-Za-zАВСЕ])(?P<close>\W{{0,6}})$", re.IGNORECASE
)
LISTED = re.compile(
    rf"^\W{{0,6}}(?i:{_NAME})\W{{0,4}}(?P<letter>[A-Z])(?:\s*[)\].:,]|\s+[–—-]|\s*[–—])\s*(?P<rest>\S.{{0,2000}})$"
)

# More than one choice: A and C, A/B, B or D
_JOIN = (
    r"\s*(?:,\s*(?:and|or|und|oder|et|ou|y|o|и|или)?|/|&|\+|;|and/or|and|or|und|oder|et|ou|y|o|и|или|和|或者?|及|跟|と|か|"
    r"または|및|또는|و|أو)\s*"
)
SEVERAL = re.compile(
    rf"{_OPEN}(?:both\s+|either\s+)?(?i:{_NAME})\(?(?P<first>[A-Z])\)?(?i:{_JOIN})(?i:{_NAME})\(?(?P<second>[A-Z])\)?"
    r"(?![0-9A-Za-z_'’-])(?!\s+(?:is|are|was|can|cannot|could|does|do|has|would|will|seems?|fails?|isn|ist|est|es|no)\b)"
    r"|(?P<joined>[A-J]{2,10})\s*[.!]?\s*$",
    re.MULTILINE,
)

# Words that take an earlier answer back.
CORRECTION = re.compile(
    r"(?<![^\W\d_])(?:wait|actually|correction|on second thought|mistake|misread|sorry|apolog\w+|hold on|let me re\w+|"
    r"re-?check\w*|re-?consider\w*|instead|change my (?:answer|mind)|revis\w+|i was wrong|scratch that|hmm|oops|"
    r"moment|halt|doch|attendez|espera|подождите|однако нет)(?![^\W\d_])|等等|不对|不對|重新|いや|待って|아니",
    re.IGNORECASE,
)
# Words that turn round, or make conditional, what follows them.
NEGATED = re.compile(
    r"(?<![^\W\d_])(?:not|never|neither|nor|none|cannot|if|whether|unless|why|assum\w+|suppos\w+|nicht|kein\w*|ob|wenn|"
    r"falls|ne|pas|si|no|не|если|ли)(?![^\W\d_])|n['’]t(?![^\W\d_])|[不非未]",
    re.IGNORECASE,
)
# Words by which an option is mentioned rather than chosen.
DOUBTED = re.compile(
    NEGATED.pattern
    + r"|(?<![^\W\d_])(?:wrong|incorrect|ruled?|rules|eliminat\w+|exclud\w+|reject\w*|between|unsure)(?![^\W\d_])",
    re.IGNORECASE,
)
# Words that may follow a letter which is a word itself (A because …, I is …).
CONNECTIVES = re.compile(
    r"\s+(?:because|since|as|is|and|or|but|for|due|with|given|which|seems|follows|based|being|—|–|-|weil|da|denn|ist|car|"
    r"parce|est|porque|ya|es|потому|так|since)(?![^\W\d_])",
    re.IGNORECASE,
)
