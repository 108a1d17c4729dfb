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
        cast(parts as integer) as trait_values,
        cast(size as bigint) as model_rows,
        cast(size_week_ago as bigint) as model_rows_week_ago,
        {{ activation._as_double('stability_index') }} as stability_index,
        {{ activation._as_double('chance_floor') }} as chance_floor,
        {{ activation._as_double('moved_share') }} as moved_share
    from judged

)

select * from final
