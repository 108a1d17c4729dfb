{#- Grain: a trait and one of the last 91 days. -#}
with

{{ activation._mix_distances(
    ref('activation__trait_mix'), ['model', 'trait'], 'trait_value', 'model_rows'
) }},

judged as (

    select
        *,
        case
            when
                {{ activation._is_ignored('null', 'day') }}
                or {{ activation._is_ignored('null', activation._add_days('day', -7)) }}
                then 'excluded'
            {{ activation._mix_verdict() }}
        end as verdict
    from compared

),

final as (

    select
        model,
        trait,
        day,
        {{ activation._as_text('verdict') }} as verdict,
        parts as trait_values,
        size as model_rows,
        size_week_ago as model_rows_week_ago,
        stability_index,
        chance_floor,
        moved_share
    from judged

)

select * from final
