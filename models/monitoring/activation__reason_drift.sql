{#- Grain: an audience and one of the last 91 days. -#}
with

{{ activation._mix_distances(ref('activation__reason_mix'), ['sync'], 'reason', 'members') }},

redefined as (

    select distinct
        compared.sync,
        compared.day
    from compared
    inner join {{ ref('activation__runs') }} as runs
        on
            compared.sync = runs.sync
            and runs.is_settled
            and runs.is_definition_changed
            and runs.day <= compared.day
            and runs.day > {{ activation._add_days('compared.day', -7) }}

),

measured as (

    select
        compared.*,
        redefined.sync is not null
        or {{ activation._is_ignored('compared.sync', 'compared.day') }}
        or {{ activation._is_ignored(
            'compared.sync', activation._add_days('compared.day', -7)
        ) }} as is_excluded
    from compared
    left join redefined on compared.sync = redefined.sync and compared.day = redefined.day

),

judged as (

    select
        *,
        case
            when is_excluded then 'excluded'
            {{ activation._mix_verdict() }}
        end as verdict
    from measured

),

final as (

    select
        sync,
        day,
        {{ activation._as_text('verdict') }} as verdict,
        parts as reasons,
        size as members,
        size_week_ago as members_week_ago,
        stability_index,
        chance_floor,
        moved_share
    from judged

)

select * from final
