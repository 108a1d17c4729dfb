with

verdicts as (

    {{ activation.volume_verdicts(ref('amounts'), ref('amounts')) }}

)

select
    series,
    day,
    history_days,
    verdict
from verdicts
