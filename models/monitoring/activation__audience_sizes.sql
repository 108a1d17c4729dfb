select
    cast(null as varchar) as sync,
    cast(null as varchar) as kind,
    cast(null as date) as day,
    cast(null as bigint) as model_rows,
    cast(null as bigint) as members,
    cast(null as bigint) as entries,
    cast(null as bigint) as returns,
    cast(null as bigint) as exits,
    cast(null as bigint) as members_week_ago,
    cast(null as bigint) as exits_in_week,
    cast(null as bigint) as stayed,
    cast(null as double precision) as churn_share,
    cast(null as double precision) as stay_share
where 1 = 0
